#include "compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const ckernels_table *set, *reference;
const uint32_t fill = 0x7fc0beef;

// MARK: memory

enum { kRoomBytes = 1 << 20, kGuardWords = 16 };
static const uint32_t guard = 0xc640e6a1;
static uint32_t *starts[kRooms];

void *room(room_name name, size_t bytes) {
  static uint8_t *ends[kRooms];
  if (!ends[name]) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *const memory = mmap(
        NULL, kRoomBytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + kRoomBytes, page, PROT_NONE)) abort();
    ends[name] = memory + kRoomBytes;
  }
  if (bytes + 4 * (kGuardWords + 1) > kRoomBytes) abort();
  uint8_t *const start = ends[name] - bytes;
  uint32_t *const words = (uint32_t *)((uintptr_t)start & ~(uintptr_t)3) - kGuardWords;
  starts[name] = words;
  for (size_t i = 0; i < kGuardWords; i++) words[i] = guard;
  for (size_t i = 0; i + 4 <= bytes; i += 4) memcpy(start + i, &fill, 4);
  return start;
}

void compare_guards(void) {
  for (size_t i = 0; i < kGuardWords; i++) {
    if (starts[kFound][i] == guard && starts[kExpected][i] == guard) continue;
    printf("     something was written before the first number\n");
    compare(0, 1, 0, 0, 0);
    return;
  }
}

// MARK: numbers

static uint64_t state;

void restart_numbers(uint32_t seed) { state = seed; }

// SplitMix64 (Steele, Lea, Flood 2014).
uint32_t random_word(void) {
  uint64_t x = state += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return (uint32_t)(x >> 32);
}

// Box and Muller's.
float random_normal(void) {
  const double a = (random_word() + 1.0) / 4294967296.0, b = random_word() / 4294967296.0;
  return (float)(sqrt(-2 * log(a)) * cos(6.283185307179586 * b));
}

static float number(number_kind kind, size_t i) {
  static const float special[] = {
      100, -100, NAN, 1e30f, -INFINITY, INFINITY, 87, -87.5f, -1e30f, 88.5f, 4, -4, 1e-2f, 10, -10, 3.4e38f, 0.5f};
  const float x = random_normal();
  switch (kind) {
    case kOrdinary: return x;
    case kLarge: return x * 1e17f;
    case kTiny: return x * 1e-30f;
    case kDenormal: return x * 0x1p-133f;
    case kMixed: return i % 3 == 0 ? x * 1e10f : x * 1e-10f;
    case kZeros: return 0;
    case kNegativeZeros: return -0.0f;
    case kEqual: return 0.75f;
    default: return special[i % (sizeof special / sizeof *special)];
  }
}

float *numbers(room_name name, number_kind kind, size_t count) {
  float *const values = room(name, count * sizeof(float));
  for (size_t i = 0; i < count; i++) values[i] = number(kind, i);
  return values;
}

// MARK: comparisons

int wrong_kernels;
static const char *kernel;
static size_t compared, wrong;
static double worst;  // the greatest difference as a share of what was allowed

void begin_kernel(const char *name) {
  kernel = name;
  compared = wrong = 0;
  worst = 0;
}

void end_kernel(void) {
  const bool failed = wrong || !compared;
  wrong_kernels += failed;
  printf("%s %-19s %8zu numbers, ", failed ? "FAIL" : "ok  ", kernel, compared);
  if (wrong) {
    printf("%zu wrong\n", wrong);
  } else if (worst > 0) {
    printf("differences of up to %.2g of the limit\n", worst);
  } else {
    printf("all equal\n");
  }
  fflush(stdout);
}

void compare(float found, float expected, double limit, size_t n, size_t place) {
  uint32_t bits, expected_bits;
  memcpy(&bits, &found, 4);
  memcpy(&expected_bits, &expected, 4);
  if (bits == fill && expected_bits == fill) return;  // touched by none
  compared++;
  // The fill is a NaN too, of a kind that no computation makes: what only one set wrote is wrong.
  const bool both_wrote = bits != fill && expected_bits != fill;
  if (bits == expected_bits || (both_wrote && isnan(found) && isnan(expected))) return;
  const double difference = fabs((double)found - (double)expected);
  if (difference <= limit) {
    if (difference > worst * limit) worst = difference / limit;
    return;
  }
  if (wrong++ < 3) {
    printf("     %s of %zu, at %zu: %.9g instead of %.9g\n", kernel, n, place, (double)found, (double)expected);
  }
}
