// x86-64 with AVX2, FMA and F16C.
#if defined(__x86_64__)
#include <immintrin.h>

#include "by_hand.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma clang fp contract(fast)
#define NAME(x) avx2_##x
#define FAST _Pragma("clang fp reassociate(on)")
#define VECTOR_BYTES 32
#define TILE_ROWS 6
#include "kernels.inc"

#define BY_HAND(type) \
  FEW_OR_MANY( \
      product_##type##_by_hand, ckernels_few_rows, ckernels_avx2_stream_##type, ckernels_avx2_panels_##type)
BY_HAND(q8_0)
BY_HAND(q4_0)
BY_HAND(q4_k)
BY_HAND(q6_k)

#define INTERLEAVED_BY_HAND(type, block)                                                                           \
  FEW_OR_MANY(                                                                                                     \
      interleaved_##type##_by_hand, ckernels_avx2_few_interleaved, ckernels_avx2_interleaved_stream_##type,        \
      ckernels_avx2_interleaved_panels_##type)                                                                     \
  static void interleave_##type##_by_hand(const void *weight, size_t weight_rows, size_t n, void *interleaved) {   \
    const size_t done = ckernels_avx2_interleave_##type(weight, weight_rows, n, interleaved);                      \
    const size_t bytes = done * (n / 32) * sizeof(block);                                                          \
    NAME(interleave_##type)                                                                                        \
    ((const uint8_t *)weight + bytes, weight_rows - done, n, (uint8_t *)interleaved + bytes);                      \
  }
INTERLEAVED_BY_HAND(q8_0, block_q8_0)
INTERLEAVED_BY_HAND(q4_0, block_q4_0)

const ckernels_table *ckernels_avx2(void) {
  static ckernels_table table = KERNELS_TABLE("avx2");
  table.product_q8_0 = product_q8_0_by_hand;
  table.product_q4_0 = product_q4_0_by_hand;
  table.product_q4_k = product_q4_k_by_hand;
  table.product_q6_k = product_q6_k_by_hand;
  table.interleave_q8_0 = interleave_q8_0_by_hand;
  table.interleave_q4_0 = interleave_q4_0_by_hand;
  table.interleaved_q8_0 = interleaved_q8_0_by_hand;
  table.interleaved_q4_0 = interleaved_q4_0_by_hand;
  table.prefers_interleaved = true;
  return &table;
}
#pragma clang attribute pop
#endif
