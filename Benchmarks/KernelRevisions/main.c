// Times the products of two libraries in turn; see ../compare-kernels.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { kMatrixRows = 2560, kMatrices = 16, kMostRows = 128, kMostRounds = 1000 };

typedef void multiply_function(
    int, const uint8_t *, int8_t *, float *, uint32_t *, size_t, size_t, float *, size_t);

static void *function(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (!found) fprintf(stderr, "%s\n", dlerror()), exit(1);
  return found;
}

// Of this thread, so that what else runs on the machine counts as little as it can.
static double processor_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **arguments) {
  if (count != 5) return 64;
  const size_t n = strtoul(arguments[3], NULL, 10), rounds = strtoul(arguments[4], NULL, 10);
  if (n == 0 || n % 256 != 0 || rounds == 0 || rounds > kMostRounds) {
    fprintf(stderr, "ELEMENTS must be a multiple of 256, ROUNDS 1 to %d\n", kMostRounds);
    return 64;
  }
  void *libraries[2];
  multiply_function *multiply[2];
  for (int v = 0; v < 2; v++) {
    libraries[v] = dlopen(arguments[1 + v], RTLD_NOW | RTLD_LOCAL);
    if (!libraries[v]) fprintf(stderr, "%s\n", dlerror()), exit(1);
    multiply[v] = (multiply_function *)function(libraries[v], "multiply");
  }
  typedef const char *name_function(int);
  typedef size_t bytes_function(int, size_t);
  typedef void fill_function(int, uint8_t *, size_t, size_t);
  typedef void quantize_function(const float *, size_t, int8_t *, float *, uint32_t *);
  void *const now = libraries[1];
  name_function *const type_name = (name_function *)function(now, "type_name");
  bytes_function *const weight_bytes = (bytes_function *)function(now, "weight_bytes");
  quantize_function *const quantize = (quantize_function *)function(now, "quantize");

  float *const x = malloc(n * sizeof *x), *const y = malloc(kMostRows * kMatrixRows * sizeof *y);
  int8_t *const q = malloc(kMostRows * n);
  float *const scale = malloc(kMostRows * n / 32 * sizeof *scale);
  uint32_t *const offset = malloc(kMostRows * n / 32 * sizeof *offset);
  for (size_t t = 0; t < kMostRows; t++) {
    for (size_t i = 0; i < n; i++) x[i] = (float)((t * n + i) * 7919 % 1999) / 1000 - 1;
    quantize(x, n, q + t * n, scale + t * n / 32, offset + t * n / 32);
  }
  printf("type  rows   before      now  (Gop/s)  faster by  (quartiles)\n");
  for (int type = 0; type_name(type); type++) {
    const size_t strip = 64 * weight_bytes(type, n), strips = kMatrices * kMatrixRows / 64;
    // Each has its own, as the order of the numbers may not be the same.
    uint8_t *weight[2];
    for (int v = 0; v < 2; v++) {
      weight[v] = malloc(strip * strips);
      ((fill_function *)function(libraries[v], "fill_weights"))(type, weight[v], strip * strips, n);
    }
    static const size_t rows[] = {1, 2, 3, 4, 8, 24, 128};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
      static double seconds[2][kMostRounds], ratios[kMostRounds];
      const size_t calls = 4 + 512 / rows[r];
      size_t next = 0;
      for (size_t round = 0; round < rounds; round++) {
        for (size_t turn = 0; turn < 2; turn++) {
          const size_t v = (turn + round) % 2;
          const double start = processor_seconds();
          for (size_t call = 0; call < calls; call++, next++) {
            multiply[v](
                type, weight[v] + next % strips * strip, q, scale, offset, rows[r], n, y + next % (kMatrixRows / 64) * 64,
                kMatrixRows);
          }
          seconds[v][round] = processor_seconds() - start;
        }
        ratios[round] = seconds[0][round] / seconds[1][round];
      }
      qsort(ratios, rounds, sizeof(double), ascending);
      for (int v = 0; v < 2; v++) qsort(seconds[v], rounds, sizeof(double), ascending);
      const double work = 2e-9 * 64 * (double)(calls * n * rows[r]);
      printf(
          "%s  %4zu  %7.1f  %7.1f           %6.2f ×    %.2f to %.2f\n", type_name(type), rows[r],
          work / seconds[0][rounds / 2], work / seconds[1][rounds / 2], ratios[rounds / 2], ratios[rounds / 4],
          ratios[rounds * 3 / 4]);
    }
    for (int v = 0; v < 2; v++) free(weight[v]);
  }
  return 0;
}
