// x86-64 with AVX-512 VNNI: as with AVX2, but for the products with quantised weights (panels_avx512.c), of numbers
// rounded to bf16 where the processor has instructions for them (bf16_avx512.c), and loops over single numbers that gain
// by wider registers (elementwise_avx512.c); others gain nothing or lose. Few rows of activations with rows of a weight as
// they are stored wait for memory, and AVX2's serve as well.
#if defined(__x86_64__)
#include "by_hand.h"

#define BY_HAND(type) \
  FEW_OR_MANY( \
      product_##type##_by_hand, ckernels_few_rows, ckernels_avx2_stream_##type, ckernels_avx512_panels_##type)
BY_HAND(q8_0)
BY_HAND(q4_0)
BY_HAND(q4_k)
BY_HAND(q6_k)

const ckernels_table *ckernels_avx512(void) {
  static ckernels_table table;
  table = *ckernels_avx2();
  table.name = "avx512";
  table.product_q8_0 = product_q8_0_by_hand;
  table.product_q4_0 = product_q4_0_by_hand;
  table.product_q4_k = product_q4_k_by_hand;
  table.product_q6_k = product_q6_k_by_hand;
  table.interleaved_q8_0 = ckernels_avx512_interleaved_q8_0;
  table.interleaved_q4_0 = ckernels_avx512_interleaved_q4_0;
  table.exp_shifted = ckernels_avx512_exp_shifted;
  table.gelu_tanh = ckernels_avx512_gelu_tanh;
  table.quantize_q8 = ckernels_avx512_quantize_q8;
  if (__builtin_cpu_supports("avx512bf16")) {
    table.pack_bf16 = ckernels_avx512_pack_bf16;
    table.pack_bf16_q8_0 = ckernels_avx512_pack_bf16_q8_0;
    table.pack_bf16_q4_0 = ckernels_avx512_pack_bf16_q4_0;
    table.product_bf16 = ckernels_avx512_product_bf16;
    table.prefers_bf16 = true;
  }
  return &table;
}
#endif
