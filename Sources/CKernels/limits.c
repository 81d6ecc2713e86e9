// Chains of multiplications and additions, enough of them side by side to hide each one's latency.
#include "machine_limits.h"

// Makes the compiler believe that a register has changed, so that it cannot take a product out of the loop.
#define CHANGED(x) __asm__ volatile("" : "+x"(x))
// Makes it believe that the sums are used.
#define KEEP(sums, count) \
  for (int i = 0; i < (count); i++) CHANGED((sums)[i])

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET(features) __attribute__((target(features), noinline))
enum { kChains = 12 };

TARGET("avx2,fma") static double f32_fma(size_t rounds) {
  __m256 sums[kChains], a = _mm256_set1_ps(1), b = _mm256_setzero_ps();
  for (int i = 0; i < kChains; i++) sums[i] = a;
  CHANGED(a);
  CHANGED(b);
  for (size_t r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < kChains; i++) sums[i] = _mm256_fmadd_ps(a, b, sums[i]);
  }
  KEEP(sums, kChains);
  return 16.0 * kChains * (double)rounds;
}

TARGET("avx512f") static double f32_avx512(size_t rounds) {
  __m512 sums[kChains], a = _mm512_set1_ps(1), b = _mm512_setzero_ps();
  for (int i = 0; i < kChains; i++) sums[i] = a;
  CHANGED(a);
  CHANGED(b);
  for (size_t r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < kChains; i++) sums[i] = _mm512_fmadd_ps(a, b, sums[i]);
  }
  KEEP(sums, kChains);
  return 32.0 * kChains * (double)rounds;
}

// Without an instruction of its own, a product of bytes takes three: to int16, to int32, and the addition.
TARGET("avx2") static double int8_maddubs(size_t rounds) {
  __m256i sums[kChains], a = _mm256_set1_epi8(1), b = a, ones = _mm256_set1_epi16(1);
  for (int i = 0; i < kChains; i++) sums[i] = _mm256_setzero_si256();
  CHANGED(ones);
  for (size_t r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < kChains; i++) {
      CHANGED(a);
      sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones));
    }
  }
  KEEP(sums, kChains);
  return 64.0 * kChains * (double)rounds;
}

TARGET("avx512f,avx512vnni") static double int8_vnni(size_t rounds) {
  __m512i sums[kChains], a = _mm512_set1_epi8(1), b = a;
  for (int i = 0; i < kChains; i++) sums[i] = _mm512_setzero_si512();
  CHANGED(a);
  CHANGED(b);
  for (size_t r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < kChains; i++) sums[i] = _mm512_dpbusd_epi32(sums[i], a, b);
  }
  KEEP(sums, kChains);
  return 128.0 * kChains * (double)rounds;
}

TARGET("avx512f,avx512bf16") static double bf16_avx512(size_t rounds) {
  __m512 sums[kChains];
  __m512i zeros = _mm512_setzero_si512();
  for (int i = 0; i < kChains; i++) sums[i] = _mm512_setzero_ps();
  CHANGED(zeros);
  for (size_t r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < kChains; i++) sums[i] = _mm512_dpbf16_ps(sums[i], (__m512bh)zeros, (__m512bh)zeros);
  }
  KEEP(sums, kChains);
  return 64.0 * kChains * (double)rounds;
}

typedef struct {
  const char *instructions;
  double (*run)(size_t);
} loop;

static loop best(ckernels_peak kind) {
  switch (kind) {
    case CKERNELS_PEAK_F32:
      if (__builtin_cpu_supports("avx512f")) return (loop){"AVX-512 FMA", f32_avx512};
      if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return (loop){"AVX2 FMA", f32_fma};
      break;
    case CKERNELS_PEAK_INT8:
      if (__builtin_cpu_supports("avx512vnni")) return (loop){"AVX-512 VNNI", int8_vnni};
      if (__builtin_cpu_supports("avx2")) return (loop){"AVX2 maddubs, madd", int8_maddubs};
      break;
    case CKERNELS_PEAK_BF16:
      if (__builtin_cpu_supports("avx512bf16")) return (loop){"AVX-512 BF16", bf16_avx512};
      break;
  }
  return (loop){NULL, NULL};
}
#else
typedef float floats __attribute__((vector_size(16)));
enum { kChains = 16 };

#undef CHANGED
#define CHANGED(x) __asm__ volatile("" : "+w"(x))

static double f32_vectors(size_t rounds) {
#pragma clang fp contract(fast)
  floats sums[kChains], a = {1, 1, 1, 1}, b = {0, 0, 0, 0};
  for (int i = 0; i < kChains; i++) sums[i] = a;
  CHANGED(a);
  CHANGED(b);
  for (size_t r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < kChains; i++) sums[i] = a * b + sums[i];
  }
  KEEP(sums, kChains);
  return 8.0 * kChains * (double)rounds;
}

typedef struct {
  const char *instructions;
  double (*run)(size_t);
} loop;

static loop best(ckernels_peak kind) {
  return kind == CKERNELS_PEAK_F32 ? (loop){"128-bit vectors", f32_vectors} : (loop){NULL, NULL};
}
#endif

const char *ckernels_peak_instructions(ckernels_peak kind) { return best(kind).instructions; }

double ckernels_peak_run(ckernels_peak kind, size_t rounds) {
  const loop loop = best(kind);
  return loop.run ? loop.run(rounds) : 0;
}

uint64_t ckernels_read_all(const void *bytes, size_t count) {
  typedef uint64_t words __attribute__((vector_size(32), aligned(1)));
  const words *p = bytes;
  words a = {0}, b = {0};
  for (size_t i = 0; i + 1 < count / 32; i += 2) {
    // Further ahead than the processor looks by itself.
    __builtin_prefetch((const char *)(p + i) + 1024);
    a ^= p[i];
    b ^= p[i + 1];
  }
  a ^= b;
  return a[0] ^ a[1] ^ a[2] ^ a[3];
}
