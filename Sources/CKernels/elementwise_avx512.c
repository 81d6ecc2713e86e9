// Loops over single numbers for x86-64 with AVX-512 that gain by wider registers.
#if defined(__x86_64__)
#include <float.h>

#include "by_hand.h"
#include "registers_avx512.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2"))), apply_to = function)

// As in kernels.inc, where the steps are explained.
static inline __m512 fast_exp(__m512 x) {
  const __mmask16 vanishes = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-87), _CMP_LT_OQ);
  // A NaN stays one: it is the second operand that such a comparison gives.
  x = _mm512_max_ps(_mm512_set1_ps(-87), _mm512_min_ps(_mm512_set1_ps(88), x));
  const __m512 k = _mm512_roundscale_ps(
      _mm512_mul_ps(x, _mm512_set1_ps(1.44269504088896341f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(k, _mm512_set1_ps(0.693359375f), x);
  r = _mm512_fmadd_ps(k, _mm512_set1_ps(2.12194440e-4f), r);
  __m512 p = _mm512_set1_ps(1.0f / 5040);
  const float terms[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1, 1};
#pragma clang loop unroll(full)
  for (int i = 0; i < 7; i++) p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(terms[i]));
  return _mm512_mask_blend_ps(vanishes, _mm512_scalef_ps(p, k), _mm512_setzero_ps());
}

float ckernels_avx512_exp_shifted(float *x, float shift, size_t n) {
  const __m512 shifts = _mm512_set1_ps(shift);
  __m512 total = _mm512_setzero_ps();
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = first_lanes(n - i);
    const __m512 power = fast_exp(_mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, x + i), shifts));
    _mm512_mask_storeu_ps(x + i, lanes, power);
    total = _mm512_mask_add_ps(total, lanes, total, power);
  }
  return _mm512_reduce_add_ps(total);
}

void ckernels_avx512_gelu_tanh(const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = first_lanes(n - i);
    const __m512 v = _mm512_maskz_loadu_ps(lanes, x + i);
    // 2√(2/π)(x + 0.044715x³)
    const __m512 two = _mm512_set1_ps(1.5957691216057308f), cubic = _mm512_set1_ps(1.5957691216057308f * 0.044715f);
    const __m512 power = fast_exp(_mm512_mul_ps(v, _mm512_fmadd_ps(_mm512_mul_ps(v, v), cubic, two)));
    const __m512 share = _mm512_div_ps(power, _mm512_add_ps(_mm512_set1_ps(1), power));
    _mm512_mask_storeu_ps(y + i, lanes, _mm512_mul_ps(v, share));
  }
}

static inline __m512i largest_of(__m512i a, __m512i b) { return _mm512_max_epu32(a, b); }
static inline __m512i sum_of(__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }

// Of 16 registers the sum, or the largest, of each one's lanes: lane i that of register i.
static inline __attribute__((always_inline)) __m512i reduce(
    __m512i (*combine)(__m512i, __m512i), const __m512i all[16]) {
  __m512i quarters[4];  // of four registers a run of four lanes each
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    __m512i halves[2];
    for (int h = 0; h < 2; h++) {
      const __m512i a = all[4 * i + 2 * h], b = all[4 * i + 2 * h + 1];
      halves[h] = combine(_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xee));
    }
    quarters[i] = combine(
        _mm512_shuffle_i32x4(halves[0], halves[1], 0x88), _mm512_shuffle_i32x4(halves[0], halves[1], 0xdd));
  }
  __m512i pairs[2];
  for (int i = 0; i < 2; i++) {
    const __m512i a = quarters[2 * i], b = quarters[2 * i + 1];
    pairs[i] = combine(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  }
  const __m512i lanes =
      combine(_mm512_unpacklo_epi64(pairs[0], pairs[1]), _mm512_unpackhi_epi64(pairs[0], pairs[1]));
  // The first lanes of the four runs are those of registers 0 to 3, the second ones those of 4 to 7.
  const __m512i places = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(places, lanes);
}

// Up to 16 blocks at a time: one division serves all, and reducing 16 registers at once takes half the steps.
static inline __attribute__((always_inline)) void quantize_blocks(
    const float *x, const size_t blocks, int8_t *q, float *scale, uint32_t *offset) {
  const __mmask16 lanes = first_lanes(blocks);
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  __m512i all[16];
  for (size_t b = 0; b < 16; b++) all[b] = _mm512_setzero_si512();
  for (size_t b = 0; b < blocks; b++) {
    // As integers magnitudes have the same order, and those that are not finite come last.
    const __m512i first = _mm512_loadu_si512(x + 32 * b), second = _mm512_loadu_si512(x + 32 * b + 16);
    all[b] = largest_of(_mm512_and_si512(first, magnitude), _mm512_and_si512(second, magnitude));
  }
  const __m512 largest = _mm512_castsi512_ps(reduce(largest_of, all));
  const __m512 steps = _mm512_div_ps(largest, _mm512_set1_ps(127));
  _mm512_mask_storeu_ps(scale, lanes, steps);
  // As in quantized.inc.
  const __mmask16 is_normal = _mm512_cmp_ps_mask(steps, _mm512_set1_ps(FLT_MIN), _CMP_GE_OQ) &
                              _mm512_cmp_ps_mask(steps, _mm512_set1_ps(FLT_MAX), _CMP_LE_OQ);
  float inverses[16];
  _mm512_storeu_ps(inverses, _mm512_div_ps(_mm512_set1_ps(1), steps));
  for (size_t b = 0; b < blocks; b++) {
    const __mmask16 kept = is_normal >> b & 1 ? 0xffff : 0;
    const __m512 inverse = _mm512_set1_ps(inverses[b]);
    __m512i rounded[2];
#pragma clang loop unroll(full)
    for (int h = 0; h < 2; h++) {
      rounded[h] = _mm512_cvtps_epi32(_mm512_maskz_mul_ps(kept, _mm512_loadu_ps(x + 32 * b + 16 * h), inverse));
      _mm_storeu_si128((__m128i *)(q + 32 * b + 16 * h), _mm512_cvtepi32_epi8(rounded[h]));
    }
    all[b] = sum_of(rounded[0], rounded[1]);
  }
  const __m512i offsets = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(reduce(sum_of, all), 3));
  const __m512i words = _mm512_and_si512(offsets, _mm512_set1_epi32(0xffff));
  _mm512_mask_storeu_epi32(offset, lanes, words);
}

void ckernels_avx512_quantize_q8(const float *x, size_t n, int8_t *q, float *scale, uint32_t *offset) {
  const size_t blocks = n / 32;
  size_t b = 0;
  for (; b + 16 <= blocks; b += 16) quantize_blocks(x + 32 * b, 16, q + 32 * b, scale + b, offset + b);
  if (b < blocks) quantize_blocks(x + 32 * b, blocks - b, q + 32 * b, scale + b, offset + b);
}
#pragma clang attribute pop
#endif
