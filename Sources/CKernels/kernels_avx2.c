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

#define BY_HAND(type)                                                                                              \
  static void product_##type##_by_hand(                                                                            \
      const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n,                  \
      const float *bias, float *y, size_t y_row) {                                                                 \
    ckernels_product *const product =                                                                              \
        x_rows <= ckernels_few_rows ? ckernels_avx2_stream_##type : ckernels_avx2_panels_##type;                   \
    product(weight, weight_rows, x, x_rows, n, bias, y, y_row);                                                    \
  }
BY_HAND(q8_0)
BY_HAND(q4_0)
BY_HAND(q4_k)
BY_HAND(q6_k)

const ckernels_table *ckernels_avx2(void) {
  static ckernels_table table = KERNELS_TABLE("avx2");
  table.product_q8_0 = product_q8_0_by_hand;
  table.product_q4_0 = product_q4_0_by_hand;
  table.product_q4_k = product_q4_k_by_hand;
  table.product_q6_k = product_q6_k_by_hand;
  return &table;
}
#pragma clang attribute pop
#endif
