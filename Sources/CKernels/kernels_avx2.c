// x86-64 with AVX2, FMA and F16C.
#if defined(__x86_64__)
#include <immintrin.h>

#include "quantized.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma clang fp contract(fast)
#define NAME(x) avx2_##x
#define FAST _Pragma("clang fp reassociate(on)")
#define VECTOR_BYTES 32
#define TILE_ROWS 6
#include "kernels.inc"

static void product_q8_0_by_hand(
    const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias,
    float *y, size_t y_row) {
  ckernels_product *const product = x_rows <= ckernels_few_rows ? ckernels_avx2_stream_q8_0 : ckernels_avx2_panels_q8_0;
  product(weight, weight_rows, x, x_rows, n, bias, y, y_row);
}

static void product_q4_0_by_hand(
    const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias,
    float *y, size_t y_row) {
  ckernels_product *const product = x_rows <= ckernels_few_rows ? ckernels_avx2_stream_q4_0 : ckernels_avx2_panels_q4_0;
  product(weight, weight_rows, x, x_rows, n, bias, y, y_row);
}

const ckernels_table *ckernels_avx2(void) {
  static ckernels_table table = KERNELS_TABLE("avx2");
  table.product_q8_0 = product_q8_0_by_hand;
  table.product_q4_0 = product_q4_0_by_hand;
  return &table;
}
#pragma clang attribute pop
#endif
