// Inner loops on raw memory, one set per instruction set, behind one table of functions.
//
// kernels.inc is the specification: plain C, compiled once per instruction set (kernels_scalar.c without any latitude,
// the others with vector instructions and reassociation). Where a compiler does not find the instruction that matters,
// a set replaces single entries by hand-written ones.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine_limits.h"

#pragma clang assume_nonnull begin

// Rows of n activations as int8, each block of 32 with its scale: x[t, i] ≈ scale[t, i / 32] · q[t, i]. What quantised
// weights are multiplied with. No q is −128.
typedef struct {
  int8_t *q;
  float *scale;
  // −8·Σq of each block as an int16 in the low half of a word, the high half 0: for weights that are stored 8 too large
  // (q4_0) or lie above a minimum (q4_k).
  uint32_t *offset;
} ckernels_q8_rows;

// y[t, j] = bias[j] + Σ weight[j, i]·x[t, i] over the n elements (a multiple of the weight's block) of `weight_rows` rows
// of a weight and `x_rows` rows of activations, y with `y_row` elements from one row to the next. bias may be NULL.
// Integers within a block of 32 activations, floats between blocks. A row of y does not depend on how many others there
// are, except that up to ckernels_few_rows of them may be added up in another order than more.
typedef void ckernels_product(
    const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n,
    const float *_Nullable bias, float *y, size_t y_row);
enum { ckernels_few_rows = 4 };
// So many rows of activations are best given at a time: what is made of a weight for them is made once.
enum { ckernels_product_rows = 512 };

// Asks memory for what is read soon.
static inline void ckernels_prefetch(const void *address) { __builtin_prefetch(address); }

// Quantised weights may be laid out anew: groups of 16 rows, in which the blocks of 32 that stand one below the other lie
// together, four quants of the first row, of the second and so on. A vector's lanes then belong to as many rows: one
// conversion and one scale serve 16 rows, where a row by itself needs them for each block. The last group is filled up
// with zeros; there are as many bytes as in so many whole rows.
enum { ckernels_interleaved_rows = 16 };
typedef void ckernels_interleave(const void *weight, size_t weight_rows, size_t n, void *interleaved);

// Columns in a panel of product_bf16.
enum { ckernels_bf16_columns = 32 };
// Rounds n columns, a multiple of the block, of k rows of a quantised weight, row_bytes bytes from one to the next.
typedef void ckernels_pack_rows(const void *weight, size_t row_bytes, size_t k, size_t n, uint32_t *panels);

// The numbers of one step of AdamW, the same for all elements.
typedef struct {
  float gradient_factor;    // what gradients are multiplied with first
  float first_rate;         // 1 − β₁
  float second_decay;       // β₂
  float second_rate;        // 1 − β₂
  float second_correction;  // √(1 − β₂ᵗ)
  float epsilon;
  float step_size;  // learning rate / (1 − β₁ᵗ)
  float decay;      // 1 − learning rate · weight decay
} ckernels_adamw;

typedef struct {
  const char *name;

  // Σ a[i]·x[i] over n elements of a row stored as f32, f16 or bf16.
  float (*dot_f32)(const void *row, const float *x, size_t n);
  float (*dot_f16)(const void *row, const float *x, size_t n);
  float (*dot_bf16)(const void *row, const float *x, size_t n);
  // One query and the keys and values of one head, rows of n halves, `stride` bytes from one to the next:
  // scores[j] = factor · Σ q[i]·key[j, i], and y[i] += Σ weights[j]·value[j, i].
  void (*scores_f16)(
      const float *q, const void *keys, size_t stride, size_t count, size_t n, float factor, float *scores);
  void (*add_weighted_f16)(
      const float *weights, const void *values, size_t stride, size_t count, size_t n, float *y);
  // The products of quantised weights with quantised activations.
  ckernels_product *product_q8_0;
  ckernels_product *product_q4_0;
  ckernels_product *product_q4_k;
  ckernels_product *product_q6_k;
  // Lays rows of n elements out anew, and the products with such a weight, whose first row is a group's first. They are
  // bit for bit those of the plain C with the rows as they were, however few rows of activations there are.
  ckernels_interleave *interleave_q8_0;
  ckernels_interleave *interleave_q4_0;
  ckernels_product *interleaved_q8_0;
  ckernels_product *interleaved_q4_0;
  // Whether these products are faster than those of the rows as they are stored.
  bool prefers_interleaved;
  // n activations, a multiple of 32; a block of zeros has scale 0, one with a NaN or infinity a scale that
  // is not finite.
  void (*quantize_q8)(const float *x, size_t n, int8_t *q, float *scale, uint32_t *offset);

  // B[k, n] rounded to bf16 (to nearest, ties to even; denormal numbers may become 0), for product_bf16: panels of 32
  // columns, of each two rows of B the pairs of all columns, filled up with zeros; ⌈n/32⌉·⌈k/2⌉·32 pairs. One of B's
  // strides is 1.
  void (*pack_bf16)(const float *b, size_t b_row, size_t b_column, size_t k, size_t n, uint32_t *panels);
  // The same of rows as they are stored.
  ckernels_pack_rows *pack_bf16_q8_0;
  ckernels_pack_rows *pack_bf16_q4_0;
  // C[m, n] = alpha · A[m, k] · B[k, n] for k ≥ 1, added to C where `adding`, of A rounded to bf16, with sums in f32.
  // Panels have panel_pairs pairs of rows, of which the first are used: B may begin at any pair and at any panel.
  void (*product_bf16)(
      size_t m, size_t n, size_t k, float alpha, const float *a, size_t a_row, const uint32_t *panels,
      size_t panel_pairs, bool adding, float *c, size_t c_row);
  // Whether these products are faster than those of f32.
  bool prefers_bf16;

  // n elements (a multiple of the block) to f32.
  void (*f16_to_f32)(const void *source, float *target, size_t n);
  void (*bf16_to_f32)(const void *source, float *target, size_t n);
  void (*q8_0_to_f32)(const void *source, float *target, size_t n);
  void (*q4_0_to_f32)(const void *source, float *target, size_t n);
  void (*q4_k_to_f32)(const void *source, float *target, size_t n);
  void (*q6_k_to_f32)(const void *source, float *target, size_t n);
  // n elements from f32, to nearest, ties to even: keys and values are kept as f16, operands may be bf16 in training.
  void (*f32_to_f16)(const float *source, void *target, size_t n);
  void (*f32_to_bf16)(const float *source, void *target, size_t n);

  // y[i] += a·x[i]
  void (*add_scaled)(float *y, const float *x, float a, size_t n);
  // x[i] *= a
  void (*scale)(float *x, float a, size_t n);
  float (*sum)(const float *x, size_t n);
  float (*maximum)(const float *x, size_t n);

  // (x − mean)·rstd·weight + bias over one row; bias may be NULL. Stores mean and 1/√(variance + ε) in statistics[2]
  // where that is not NULL.
  void (*layer_norm)(
      const float *x, const float *weight, const float *_Nullable bias, float epsilon, float *y,
      float *_Nullable statistics, size_t n);
  // x / √(mean(x²) + ε) · weight; stores 1/√… in *reciprocal where that is not NULL.
  void (*rms_norm)(const float *x, const float *weight, float epsilon, float *y, float *_Nullable reciprocal, size_t n);
  // dx from dy, the inputs and what the forward pass stored; adds to dweight.
  void (*layer_norm_backward)(
      const float *x, const float *dy, const float *weight, const float *statistics, float *dx, float *dweight,
      size_t n);
  void (*rms_norm_backward)(
      const float *x, const float *dy, const float *weight, float reciprocal, float *dx, float *dweight, size_t n);
  // y = x·Φ(x), exact GELU; error of the rational erf below 5e-7.
  void (*gelu)(const float *x, float *y, size_t n);
  // dx = dy·gelu′(x)
  void (*gelu_backward)(const float *x, const float *dy, float *dx, size_t n);
  // GELU's tanh approximation ("gelu_new").
  void (*gelu_tanh)(const float *x, float *y, size_t n);
  void (*gelu_tanh_backward)(const float *x, const float *dy, float *dx, size_t n);
  // x[i] = exp(x[i] − shift); returns the sum.
  float (*exp_shifted)(float *x, float shift, size_t n);
  // slopes[i] = p[i]·(slopes[i] − correction): a softmax's gradient from that of its probabilities.
  void (*softmax_backward)(const float *p, float correction, float *slopes, size_t n);
  // y = 1/(1 + e^{−x}); dx = dy·y·(1 − y)
  void (*sigmoid)(const float *x, float *y, size_t n);
  void (*sigmoid_backward)(const float *y, const float *dy, float *dx, size_t n);
  // y[i] = 0 where a hash of (seed, first + i) is below the threshold, else x[i]·factor.
  void (*dropout)(
      const float *x, float *y, size_t n, uint64_t first, uint64_t seed, uint32_t threshold, float factor);
  // One step of AdamW (Loshchilov, Hutter 2019) for n elements and their moments, as torch.optim.AdamW orders it.
  void (*adamw)(
      float *parameter, const float *gradient, float *first, float *second, const ckernels_adamw *step, size_t n);

  // target[column, row] = source[row, column], with the elements from one row to the next of each.
  void (*transpose)(
      const float *source, size_t source_stride, float *target, size_t target_stride, size_t rows, size_t columns);
  // C[m, n] = alpha · A[m, k] · B[k, n], added to C where `adding`. Of A any strides, B and C by rows. Every element is
  // one sum from the first product to the last, whatever the sizes.
  void (*product)(
      size_t m, size_t n, size_t k, float alpha, const float *a, size_t a_row, size_t a_column, const float *b,
      size_t b_row, bool adding, float *c, size_t c_row);
} ckernels_table;

// The table for this processor, chosen once. The environment variable TINYGPTV_KERNELS=scalar|avx2|avx512|neon forces
// one (ignored, with the best one taken, where the processor lacks it).
const ckernels_table *ckernels(void);

// The table of one name, or NULL where this build or this processor lacks it.
const ckernels_table *_Nullable ckernels_named(const char *name);

// The OPENBLAS_CORETYPE that OpenBLAS should be told on this processor, or NULL if it finds out by itself.
const char *_Nullable ckernels_openblas_core_type(void);

// MARK: encoding (once per conversion, not worth vectors by hand)

uint16_t ckernels_f16_from_f32(float value);
float ckernels_f32_from_f16(uint16_t bits);
// n a multiple of the block; the reference quantisation of ggml for these types, rounding half away from zero. A block
// with a NaN or infinity gets a scale that is not finite.
void ckernels_f32_to_q8_0(const float *source, void *target, size_t n);
void ckernels_f32_to_q4_0(const float *source, void *target, size_t n);

// MARK: thread pool

typedef struct ckernels_pool ckernels_pool;

// A pool in which `threads` threads work, the caller of ckernels_pool_run among them.
ckernels_pool *ckernels_pool_create(int threads);
void ckernels_pool_destroy(ckernels_pool *pool);
// Calls body(context, i) for every i in 0..<count, on all threads, and returns when all are done. Threads take the next
// index when they are free. Calls from several threads take turns; a call from inside a body runs alone on that thread.
void ckernels_pool_run(ckernels_pool *pool, int count, void (*body)(void *context, int index), void *context);
// Whether the caller is a body of a call with several indexes, so that calls of its own would run alone.
bool ckernels_pool_is_inside(void);

#pragma clang assume_nonnull end
