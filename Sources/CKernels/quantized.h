// Products of quantised weights that are written by hand for one instruction set; ckernels_table says what they do.
#pragma once
#include "CKernels.h"

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

const ckernels_table *ckernels_avx2(void);
const ckernels_table *ckernels_avx512(void);
#elif defined(__aarch64__)
// For any number of rows, without and with the dot products of ARMv8.2.
ckernels_product ckernels_neon_q8_0, ckernels_neon_q4_0;
ckernels_product ckernels_neon_dotprod_q8_0, ckernels_neon_dotprod_q4_0;

const ckernels_table *ckernels_neon(void);
#endif
