// One revision's products, compiled with its own headers: only these functions are looked up. With INTERLEAVED defined,
// those of weights in groups of rows.
#include <stdlib.h>

#include "CKernels.h"
#include "formats.h"

#ifdef INTERLEAVED
enum { kTypes = 2 };
#else
enum { kTypes = 4 };
#endif

static const struct {
  const char *name;
  block_kind kind;
  size_t block, scale;
} types[] = {
    {"q4_0", kQ4_0, 32, offsetof(block_q4_0, d)},
    {"q8_0", kQ8_0, 32, offsetof(block_q8_0, d)},
    {"q4_k", kQ4_K, 256, offsetof(block_q4_k, d)},
    {"q6_k", kQ6_K, 256, offsetof(block_q6_k, d)},
};

const char *type_name(int type) { return type < kTypes ? types[type].name : NULL; }

size_t weight_bytes(int type, size_t n) { return bytes_of(types[type].kind, n); }

// Rows of n weights: random bits with scales that are small numbers.
void fill_weights(int type, uint8_t *weight, size_t bytes, size_t n) {
  const size_t block = bytes_of(types[type].kind, types[type].block);
  const half_t scale = 0.004f;
  uint32_t state = 1;
  for (size_t i = 0; i < bytes; i++) weight[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
  for (size_t i = 0; i < bytes; i += block) {
    memcpy(weight + i + types[type].scale, &scale, sizeof scale);
    if (types[type].kind == kQ4_K) memcpy(weight + i + offsetof(block_q4_k, dmin), &scale, sizeof scale);
  }
#ifdef INTERLEAVED
  const ckernels_table *table = ckernels();
  ckernels_interleave *const interleave = type == 0 ? table->interleave_q4_0 : table->interleave_q8_0;
  uint8_t *const rows = malloc(bytes);
  memcpy(rows, weight, bytes);
  interleave(rows, bytes / weight_bytes(type, n), n, weight);
  free(rows);
#endif
}

// 64 rows of the weight times x_rows rows of n activations.
void multiply(
    int type, const uint8_t *weight, int8_t *q, float *scale, uint32_t *offset, size_t x_rows, size_t n, float *y,
    size_t y_row) {
  const ckernels_table *table = ckernels();
#ifdef INTERLEAVED
  ckernels_product *const products[] = {table->interleaved_q4_0, table->interleaved_q8_0};
#else
  ckernels_product *const products[] = {
      table->product_q4_0, table->product_q8_0, table->product_q4_k, table->product_q6_k};
#endif
  const ckernels_q8_rows x = {q, scale, offset};
  products[type](weight, 64, &x, x_rows, n, NULL, y, y_row);
}

void quantize(const float *x, size_t n, int8_t *q, float *scale, uint32_t *offset) {
  ckernels()->quantize_q8(x, n, q, scale, offset);
}
