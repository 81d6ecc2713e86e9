// The AVX-512 instructions of panels_avx512.c and elementwise_avx512.c for processors that have AVX2 only; see
// Scripts/check-avx512. Most come from SIMDe; these are the ones that its Debian version lacks.
#pragma once
#include <math.h>
#include <string.h>

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>
#undef _mm512_cvtph_ps
#undef _mm512_maskz_loadu_ps
#undef _mm512_mask_storeu_ps
#undef _mm512_cvtepi32_ps
#undef _mm512_shuffle_epi32
#undef _mm512_srai_epi32
#undef _mm512_cvtps_epi32
#undef _mm512_cvtepi32_epi8
#undef _mm512_reduce_add_ps
#undef _mm512_maskz_loadu_epi32
#undef _mm512_mask_storeu_epi32
#define _mm512_cvtph_ps emulated_cvtph_ps
#define _mm512_maskz_loadu_ps emulated_maskz_loadu_ps
#define _mm512_mask_storeu_ps emulated_mask_storeu_ps
#define _mm512_cvtepi32_ps emulated_cvtepi32_ps
#define _mm512_shuffle_epi32 emulated_shuffle_epi32
#define _mm512_srai_epi32 emulated_srai_epi32
#define _mm512_cvtps_epi32 emulated_cvtps_epi32
#define _mm512_cvtepi32_epi8 emulated_cvtepi32_epi8
#define _mm512_reduce_add_ps emulated_reduce_add_ps
#define _mm512_maskz_loadu_epi32 emulated_maskz_loadu_epi32
#define _mm512_mask_storeu_epi32 emulated_mask_storeu_epi32

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
static inline simde__m512 emulated_cvtph_ps(__m256i halves) {
  float values[16];
  _mm256_storeu_ps(values, _mm256_cvtph_ps(_mm256_castsi256_si128(halves)));
  _mm256_storeu_ps(values + 8, _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1)));
  return simde_mm512_loadu_ps(values);
}

static inline simde__m512 emulated_maskz_loadu_ps(unsigned mask, const float *from) {
  float values[16] = {0};
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) values[i] = from[i];
  }
  return simde_mm512_loadu_ps(values);
}

static inline void emulated_mask_storeu_ps(void *to, unsigned mask, simde__m512 vector) {
  float values[16];
  simde_mm512_storeu_ps(values, vector);
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) memcpy((float *)to + i, values + i, sizeof *values);
  }
}

static inline simde__m512i emulated_maskz_loadu_epi32(unsigned mask, const void *from) {
  return simde_mm512_castps_si512(emulated_maskz_loadu_ps(mask, from));
}

static inline void emulated_mask_storeu_epi32(void *to, unsigned mask, simde__m512i vector) {
  emulated_mask_storeu_ps(to, mask, simde_mm512_castsi512_ps(vector));
}

static inline simde__m512 emulated_cvtepi32_ps(simde__m512i vector) {
  int32_t words[16];
  float values[16];
  simde_mm512_storeu_si512(words, vector);
  for (int i = 0; i < 16; i++) values[i] = (float)words[i];
  return simde_mm512_loadu_ps(values);
}

// The same choice of four words in each 128 bits.
static inline simde__m512i emulated_shuffle_epi32(simde__m512i vector, int places) {
  int32_t from[16], to[16];
  simde_mm512_storeu_si512(from, vector);
  for (int i = 0; i < 16; i++) to[i] = from[i / 4 * 4 + (places >> (2 * (i % 4)) & 3)];
  return simde_mm512_loadu_si512(to);
}

static inline simde__m512i emulated_srai_epi32(simde__m512i vector, int count) {
  int32_t words[16];
  simde_mm512_storeu_si512(words, vector);
  for (int i = 0; i < 16; i++) words[i] >>= count;
  return simde_mm512_loadu_si512(words);
}

static inline simde__m512i emulated_cvtps_epi32(simde__m512 vector) {
  float values[16];
  int32_t words[16];
  simde_mm512_storeu_ps(values, vector);
  for (int i = 0; i < 16; i++) words[i] = (int32_t)rintf(values[i]);
  return simde_mm512_loadu_si512(words);
}

static inline __m128i emulated_cvtepi32_epi8(simde__m512i vector) {
  int32_t words[16];
  int8_t bytes[16];
  simde_mm512_storeu_si512(words, vector);
  for (int i = 0; i < 16; i++) bytes[i] = (int8_t)words[i];
  return _mm_loadu_si128((const __m128i *)bytes);
}

static inline float emulated_reduce_add_ps(simde__m512 vector) {
  float values[16], sum = 0;
  simde_mm512_storeu_ps(values, vector);
  for (int i = 0; i < 16; i++) sum += values[i];
  return sum;
}
#pragma clang attribute pop
