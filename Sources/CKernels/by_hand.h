// What is written by hand for one instruction set, products above all; ckernels_table says what they do.
#pragma once
#include "CKernels.h"

// One product for up to `most` rows of activations, another for more.
#define FEW_OR_MANY(name, most, few, many)                                                            \
  static void name(                                                                                   \
      const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n,     \
      const float *bias, float *y, size_t y_row) {                                                    \
    (x_rows <= (most) ? few : many)(weight, weight_rows, x, x_rows, n, bias, y, y_row);               \
  }

#if defined(__x86_64__)
// For up to ckernels_few_rows rows of activations, and for more.
ckernels_product ckernels_avx2_stream_q8_0, ckernels_avx2_stream_q4_0, ckernels_avx2_stream_q4_k,
    ckernels_avx2_stream_q6_k;
ckernels_product ckernels_avx2_panels_q8_0, ckernels_avx2_panels_q4_0, ckernels_avx2_panels_q4_k,
    ckernels_avx2_panels_q6_k;
// The same with weights in groups of rows, of which panels take longer to pay.
enum { ckernels_avx2_few_interleaved = 8 };
ckernels_product ckernels_avx2_interleaved_stream_q8_0, ckernels_avx2_interleaved_stream_q4_0;
ckernels_product ckernels_avx2_interleaved_panels_q8_0, ckernels_avx2_interleaved_panels_q4_0;
// Lay as many rows out anew as fill whole groups, and return how many these are.
size_t ckernels_avx2_interleave_q8_0(const void *weight, size_t weight_rows, size_t n, void *interleaved);
size_t ckernels_avx2_interleave_q4_0(const void *weight, size_t weight_rows, size_t n, void *interleaved);
// For more than ckernels_few_rows rows of activations, and for any number of them with groups of rows.
ckernels_product ckernels_avx512_panels_q8_0, ckernels_avx512_panels_q4_0, ckernels_avx512_panels_q4_k,
    ckernels_avx512_panels_q6_k;
ckernels_product ckernels_avx512_interleaved_q8_0, ckernels_avx512_interleaved_q4_0;
// Over single numbers.
float ckernels_avx512_exp_shifted(float *x, float shift, size_t n);
void ckernels_avx512_gelu_tanh(const float *x, float *y, size_t n);
void ckernels_avx512_quantize_q8(const float *x, size_t n, int8_t *q, float *scale, uint32_t *offset);
// With AVX-512 BF16.
void ckernels_avx512_pack_bf16(
    const float *b, size_t b_row, size_t b_column, size_t k, size_t n, uint32_t *panels);
ckernels_pack_rows ckernels_avx512_pack_bf16_q8_0, ckernels_avx512_pack_bf16_q4_0;
void ckernels_avx512_product_bf16(
    size_t m, size_t n, size_t k, float alpha, const float *a, size_t a_row, const uint32_t *panels, size_t panel_pairs,
    bool adding, float *c, size_t c_row);

const ckernels_table *ckernels_avx2(void);
const ckernels_table *ckernels_avx512(void);
#elif defined(__aarch64__)
// For any number of rows, without and with the dot products of ARMv8.2.
ckernels_product ckernels_neon_q8_0, ckernels_neon_q4_0;
ckernels_product ckernels_neon_dotprod_q8_0, ckernels_neon_dotprod_q4_0;

const ckernels_table *ckernels_neon(void);
#endif
