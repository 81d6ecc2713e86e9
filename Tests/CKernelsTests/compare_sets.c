// Compares every kernel of one instruction set with those of another, by default the plain C's:
//   compare_sets NAME [REFERENCE]
// For processors on which the tests in Swift do not run; sizes, kinds of numbers and tolerances are those of
// Tests/TensorsTests. Scripts/check-neon builds and runs it for 64-bit Arm; for this processor do
//   clang -O2 -ISources/CKernels/include Tests/CKernelsTests/*.c Sources/CKernels/*.c -lm -o compare_sets
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare.h"

_Static_assert(sizeof(ckernels_table) == 49 * sizeof(void *), "a new kernel must be compared, here or in quantized.c");

// Lengths around every vector width, and the model's own.
enum { kSizes = 76 };
static size_t size(int index) {
  static const size_t longer[] = {88, 255, 256, 257, 1000, 1408};
  return index < 70 ? (size_t)index + 1 : longer[index - 70];
}

// Error of a float sum, against the sum of the addends' magnitudes; each may lose half of the smallest denormal number.
static double limit_of_sum(double magnitudes, size_t addends) { return 1e-5 * magnitudes + 1e-45 * (double)addends; }

// MARK: kernels that make rows of rows

typedef struct {
  const float *x, *slopes, *weight, *bias;
} inputs;

// Puts rows of n results into y, one behind the other, and other ones into further[2].
#define RUN(name, ...)                                                                                          \
  static void run_##name(const ckernels_table *t, const inputs *in, size_t n, float *y, float *further) {       \
    (void)further;                                                                                              \
    __VA_ARGS__;                                                                                                \
  }
#define COPY(source) memcpy(y, in->source, n * sizeof(float))

RUN(scale, COPY(x); t->scale(y, -3, n))
RUN(maximum, (void)y; further[0] = t->maximum(in->x, n))
RUN(layer_norm, t->layer_norm(in->x, in->weight, in->bias, 1e-5f, y, further, n))
RUN(layer_norm_plain, t->layer_norm(in->x, in->weight, NULL, 1e-5f, y, NULL, n))
RUN(rms_norm, t->rms_norm(in->x, in->weight, 1e-5f, y, further, n))
RUN(rms_norm_plain, t->rms_norm(in->x, in->weight, 1e-5f, y, NULL, n))
RUN(gelu, t->gelu(in->x, y, n))
RUN(gelu_backward, t->gelu_backward(in->x, in->slopes, y, n))
RUN(gelu_tanh, t->gelu_tanh(in->x, y, n))
RUN(gelu_tanh_backward, t->gelu_tanh_backward(in->x, in->slopes, y, n))
RUN(exp_shifted, COPY(x); further[0] = t->exp_shifted(y, 3.5f, n))
RUN(softmax_backward, COPY(slopes); t->softmax_backward(in->x, 0.5f, y, n))
RUN(sigmoid, t->sigmoid(in->x, y, n))
RUN(sigmoid_backward, t->sigmoid_backward(in->x, in->slopes, y, n))
RUN(f32_to_f16, {
  // The halves lie in the first half of the results.
  t->f32_to_f16(in->x, y, n);
  for (size_t i = n; i-- > 0;) {
    uint16_t half;
    memcpy(&half, (const char *)y + 2 * i, sizeof half);
    y[i] = ckernels_f32_from_f16(half);
  }
})
RUN(f32_to_bf16, {
  t->f32_to_bf16(in->x, y, n);
  for (size_t i = n; i-- > 0;) {
    uint16_t half;
    memcpy(&half, (const char *)y + 2 * i, sizeof half);
    reference->bf16_to_f32(&half, y + i, 1);
  }
})
RUN(dropout, t->dropout(in->x, y, n, (1ull << 32) - 20, 99, 1u << 30, 2))
RUN(layer_norm_backward, {
  const float statistics[2] = {0.1f, 1.3f};
  memcpy(y + n, in->bias, n * sizeof(float));
  t->layer_norm_backward(in->x, in->slopes, in->weight, statistics, y, y + n, n);
})
RUN(rms_norm_backward, {
  memcpy(y + n, in->bias, n * sizeof(float));
  t->rms_norm_backward(in->x, in->slopes, in->weight, 1.3f, y, y + n, n);
})
RUN(adamw, {
  const ckernels_adamw step = {0.5f, 0.1f, 0.98f, 0.02f, 0.14f, 1e-8f, 0.1f, 0.9995f};
  COPY(x);
  memcpy(y + n, in->bias, n * sizeof(float));
  for (size_t i = 0; i < n; i++) y[2 * n + i] = in->weight[i] * in->weight[i];
  t->adamw(y, in->slopes, y + n, y + 2 * n, &step, n);
})

enum { kAllKinds = (1 << kKinds) - 1, kFinite = kAllKinds & ~(1 << kSpecial) };
enum { kModest = 1 << kOrdinary | 1 << kTiny | 1 << kDenormal | 1 << kZeros | 1 << kEqual };

// The tolerance is a share of each expected number, or of 1 where that is more; 0 expects equal numbers. The sums and
// statistics among the further numbers are allowed what float sums are.
static const struct {
  const char *name;
  void (*run)(const ckernels_table *, const inputs *, size_t, float *, float *);
  double tolerance;
  int kinds;
  size_t rows;
} row_kernels[] = {
    {"scale", run_scale, 0, kAllKinds, 1},
    {"maximum", run_maximum, 0, kAllKinds, 1},
    {"layer_norm", run_layer_norm, 2e-4, kModest, 1},
    {"layer_norm, plain", run_layer_norm_plain, 2e-4, kModest, 1},
    {"layer_norm_backward", run_layer_norm_backward, 1e-5, kModest, 2},
    {"rms_norm", run_rms_norm, 1e-5, kModest, 1},
    {"rms_norm, plain", run_rms_norm_plain, 1e-5, kModest, 1},
    {"rms_norm_backward", run_rms_norm_backward, 1e-5, kModest, 2},
    {"gelu", run_gelu, 2e-6, kAllKinds, 1},
    {"gelu_backward", run_gelu_backward, 5e-6, kAllKinds, 1},
    {"gelu_tanh", run_gelu_tanh, 2e-6, kAllKinds, 1},
    {"gelu_tanh_backward", run_gelu_tanh_backward, 5e-6, kAllKinds, 1},
    {"exp_shifted", run_exp_shifted, 1e-6, kAllKinds, 1},
    {"softmax_backward", run_softmax_backward, 1e-6, kAllKinds, 1},
    {"sigmoid", run_sigmoid, 1e-6, kAllKinds, 1},
    {"sigmoid_backward", run_sigmoid_backward, 1e-6, kAllKinds, 1},
    {"f32_to_f16", run_f32_to_f16, 0, kAllKinds, 1},
    {"f32_to_bf16", run_f32_to_bf16, 0, kAllKinds, 1},
    {"dropout", run_dropout, 0, kAllKinds, 1},
    {"adamw", run_adamw, 1e-6, kModest, 3},
};

static void compare_row_kernel(size_t index) {
  begin_kernel(row_kernels[index].name);
  for (int s = 0; s < kSizes; s++) {
    for (number_kind kind = 0; kind < kKinds; kind++) {
      if (!(row_kernels[index].kinds >> kind & 1)) continue;
      const size_t n = size(s), count = n * row_kernels[index].rows;
      restart_numbers((uint32_t)n);
      const inputs in = {
          numbers(kX, kind, n), numbers(kSlopes, kind == kSpecial ? kOrdinary : kind, n),
          numbers(kWeight, kOrdinary, n), numbers(kBias, kOrdinary, n)};
      float *const found = room(kFound, count * 4), *const expected = room(kExpected, count * 4);
      float further[2][2] = {{0}};
      row_kernels[index].run(set, &in, n, found, further[0]);
      row_kernels[index].run(reference, &in, n, expected, further[1]);
      compare_guards();
      for (size_t i = 0; i < count + 2; i++) {
        const float f = i < count ? found[i] : further[0][i - count];
        const float e = i < count ? expected[i] : further[1][i - count];
        const double own = row_kernels[index].tolerance, tolerance = i < count || own == 0 ? own : fmax(own, 1e-5);
        compare(f, e, tolerance * fmax(1, fabs((double)e)), n, i);
      }
    }
  }
  end_kernel();
}

// MARK: sums

static void compare_sums(void) {
  static const char *const names[] = {"dot_f32", "dot_f16", "dot_bf16", "sum", "add_scaled"};
  for (int which = 0; which < 5; which++) {
    begin_kernel(names[which]);
    for (int s = 0; s < kSizes; s++) {
      for (number_kind kind = 0; kind < kKinds; kind++) {
        if (which == 1 && (kind == kLarge || kind == kMixed)) continue;  // beyond f16
        const size_t n = size(s);
        restart_numbers((uint32_t)n);
        const float *const x = numbers(kX, kind, n), *const y = numbers(kSlopes, kind, n);
        float *const decoded = room(kBias, 4 * n);
        void *const row = room(kWeight, which == 1 || which == 2 ? 2 * n : 4 * n);
        float *const found = room(kFound, 4 * n), *const expected = room(kExpected, 4 * n);
        memcpy(decoded, y, 4 * n);
        if (which == 0) memcpy(row, y, 4 * n);
        if (which == 1) reference->f32_to_f16(y, row, n), reference->f16_to_f32(row, decoded, n);
        if (which == 2) reference->f32_to_bf16(y, row, n), reference->bf16_to_f32(row, decoded, n);
        double magnitudes = 0;
        for (size_t i = 0; i < n; i++) magnitudes += fabs((double)x[i] * (which < 3 ? (double)decoded[i] : 1));
        const double limit = limit_of_sum(magnitudes, n);
        switch (which) {
          case 0: compare(set->dot_f32(row, x, n), reference->dot_f32(row, x, n), limit, n, 0); break;
          case 1: compare(set->dot_f16(row, x, n), reference->dot_f16(row, x, n), limit, n, 0); break;
          case 2: compare(set->dot_bf16(row, x, n), reference->dot_bf16(row, x, n), limit, n, 0); break;
          case 3: compare(set->sum(x, n), reference->sum(x, n), limit, n, 0); break;
          default:
            memcpy(found, y, 4 * n);
            memcpy(expected, y, 4 * n);
            set->add_scaled(found, x, -0.3f, n);
            reference->add_scaled(expected, x, -0.3f, n);
            for (size_t i = 0; i < n; i++) {
              compare(found[i], expected[i], limit_of_sum(fabs((double)y[i]) + 0.3 * fabs((double)x[i]), 2), n, i);
            }
        }
        compare_guards();
      }
    }
    end_kernel();
  }
}

// One head's attention to f16: rows of n halves, two numbers apart.
static void compare_halves(void) {
  enum { kMostKeys = 9 };
  for (int which = 0; which < 2; which++) {
    begin_kernel(which == 0 ? "scores_f16" : "add_weighted_f16");
    for (int s = 0; s < kSizes; s++) {
      for (size_t count = 0; count <= kMostKeys; count++) {
        const size_t n = size(s), width = n + 2, results = which == 0 ? count : n;
        restart_numbers((uint32_t)(n + count));
        const float *const values = numbers(kX, kOrdinary, kMostKeys * width);
        const float *const factors = numbers(kSlopes, kOrdinary, n + kMostKeys);
        void *const rows = room(kWeight, 2 * kMostKeys * width);
        reference->f32_to_f16(values, rows, kMostKeys * width);
        float *const found = room(kFound, 4 * results), *const expected = room(kExpected, 4 * results);
        if (which == 0) {
          set->scores_f16(factors, rows, 2 * width, count, n, 0.3f, found);
          reference->scores_f16(factors, rows, 2 * width, count, n, 0.3f, expected);
        } else {
          memset(found, 0, 4 * results);
          memset(expected, 0, 4 * results);
          set->add_weighted_f16(factors, rows, 2 * width, count, n, found);
          reference->add_weighted_f16(factors, rows, 2 * width, count, n, expected);
        }
        compare_guards();
        // No number is larger than six.
        const size_t addends = which == 0 ? n : count;
        const double limit = limit_of_sum(36.0 * (double)addends, addends);
        for (size_t i = 0; i < results; i++) compare(found[i], expected[i], limit, n, i);
      }
    }
    end_kernel();
  }
}

// MARK: matrices

// Both sides rounded to bf16; B by rows or by columns, and from some place in its panels on.
static void compare_bf16_products(void) {
  static const size_t shapes[][3] = {
      {1, 1, 1}, {1, 16, 3}, {2, 15, 5}, {3, 17, 1}, {5, 33, 2}, {12, 32, 32}, {13, 48, 40}, {25, 65, 88}, {64, 96, 64},
      {7, 9, 511}, {3, 40, 600}, {14, 70, 1025}};
  begin_kernel("product_bf16");
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    for (int variant = 0; variant < 4; variant++) {
      const size_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2], width = n + 2;
      const bool by_columns = variant & 1, adding = variant & 2;
      const size_t row = by_columns ? 1 : n + 3, column = by_columns ? k + 3 : 1;
      const size_t pairs = (k + 1) / 2, panels = (n + 31) / 32 * pairs * ckernels_bf16_columns;
      restart_numbers((uint32_t)s);
      const float *const a = numbers(kX, kOrdinary, (m + 1) * (k + 1));
      const float *const b = numbers(kWeight, kOrdinary, (k + 3) * (n + 3));
      uint32_t *const packed = malloc(2 * panels * sizeof *packed), *const plain = packed + panels;
      set->pack_bf16(b, row, column, k, n, packed);
      reference->pack_bf16(b, row, column, k, n, plain);
      for (size_t i = 0; i < panels; i++) compare((float)(packed[i] == plain[i]), 1, -1, n, i);
      const float *const start = numbers(kBias, kOrdinary, m * width);
      float *const found = room(kFound, 4 * m * width), *const expected = room(kExpected, 4 * m * width);
      memcpy(found, start, 4 * m * width);
      memcpy(expected, start, 4 * m * width);
      const size_t first = n > 32 ? 32 : 0, skipped = k > 2 ? 2 : 0;
      const size_t at = first * pairs + skipped / 2 * ckernels_bf16_columns;
      set->product_bf16(
          m, n - first, k - skipped, 0.5f, a, k + 1, plain + at, pairs, adding, found, width);
      reference->product_bf16(
          m, n - first, k - skipped, 0.5f, a, k + 1, plain + at, pairs, adding, expected, width);
      compare_guards();
      for (size_t place = 0; place < m * width; place++) {
        const size_t i = place / width, j = place % width;
        double magnitudes = fabs((double)start[place]);
        for (size_t p = 0; p < k - skipped && j < n - first; p++) {
          magnitudes += 0.5 * fabs((double)a[i * (k + 1) + p] * (double)b[(p + skipped) * row + (j + first) * column]);
        }
        compare(found[place], expected[place], limit_of_sum(magnitudes, k + 1), n, place);
      }
      free(packed);
    }
  }
  end_kernel();
}

static void compare_products(void) {
  static const size_t shapes[][3] = {
      {1, 1, 1}, {1, 16, 3}, {2, 15, 5}, {3, 17, 1}, {4, 8, 9}, {5, 33, 2}, {6, 16, 32}, {7, 31, 8}, {13, 48, 40},
      {12, 7, 0}, {64, 65, 32}, {7, 9, 300}, {3, 5, 600}};
  begin_kernel("product");
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    for (int variant = 0; variant < 4; variant++) {
      const size_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2], width = n + 2;
      const bool transposed = variant & 1, adding = variant & 2;
      restart_numbers((uint32_t)s);
      const float *const a = numbers(kX, kOrdinary, (m + 1) * (k + 1));
      const float *const b = numbers(kWeight, kOrdinary, k * (n + 3) + n);
      const float *const start = numbers(kBias, kOrdinary, m * width);
      float *const found = room(kFound, 4 * m * width), *const expected = room(kExpected, 4 * m * width);
      memcpy(found, start, 4 * m * width);
      memcpy(expected, start, 4 * m * width);
      const size_t row = transposed ? 1 : k + 1, column = transposed ? m + 1 : 1;
      set->product(m, n, k, 0.5f, a, row, column, b, n + 3, adding, found, width);
      reference->product(m, n, k, 0.5f, a, row, column, b, n + 3, adding, expected, width);
      compare_guards();
      for (size_t place = 0; place < m * width; place++) {
        const size_t i = place / width, j = place % width;
        double magnitudes = j >= n || adding ? fabs((double)start[place]) : 0;
        for (size_t p = 0; p < k && j < n; p++) {
          magnitudes += 0.5 * fabs((double)a[i * row + p * column] * (double)b[p * (n + 3) + j]);
        }
        compare(found[place], expected[place], limit_of_sum(magnitudes, k + 1), n, place);
      }
    }
  }
  end_kernel();
  begin_kernel("transpose");
  static const size_t sizes[][2] = {{1, 1}, {7, 5}, {8, 3}, {20, 33}};
  for (size_t s = 0; s < 4; s++) {
    const size_t rows = sizes[s][0], columns = sizes[s][1], count = rows * columns;
    const float *const x = numbers(kX, kOrdinary, rows * (columns + 1));
    float *const found = room(kFound, 4 * count), *const expected = room(kExpected, 4 * count);
    set->transpose(x, columns + 1, found, rows, rows, columns);
    reference->transpose(x, columns + 1, expected, rows, rows, columns);
    compare_guards();
    for (size_t i = 0; i < count; i++) compare(found[i], expected[i], -1, rows, i);
  }
  end_kernel();
}

static void crashed(int signal) {
  (void)signal;
  static const char message[] = "FAIL a kernel reached beyond the end of its memory: the one after the last line\n";
  (void)!write(STDERR_FILENO, message, sizeof message - 1);
  _exit(1);
}

int main(int count, char **arguments) {
  const char *const name = count > 1 ? arguments[1] : "", *const other = count > 2 ? arguments[2] : "scalar";
  set = ckernels_named(name);
  reference = ckernels_named(other);
  if (!set || !reference || count > 3) {
    fprintf(stderr, "compare_sets NAME [REFERENCE]: no such kernels on this processor: %s\n", set ? other : name);
    return 2;
  }
  signal(SIGSEGV, crashed);
  signal(SIGBUS, crashed);
  for (size_t i = 0; i < sizeof row_kernels / sizeof *row_kernels; i++) compare_row_kernel(i);
  compare_sums();
  compare_halves();
  compare_products();
  compare_bf16_products();
  compare_quantized();
  printf("%s %s with %s\n", name, wrong_kernels ? "DISAGREES" : "agrees", other);
  return wrong_kernels != 0;
}
