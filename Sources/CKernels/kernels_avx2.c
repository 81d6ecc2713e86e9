// x86-64 with AVX2, FMA and F16C.
#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma clang fp contract(fast)
#define NAME(x) avx2_##x
#define FAST _Pragma("clang fp reassociate(on)")
#define VECTOR_BYTES 32
#define TILE_ROWS 6
#include "kernels.inc"

static inline float sum8(__m256 v) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

// Σ a·b over 32 products of unsigned a ≤ 255 and signed b, as eight int32 in float. Pairs of products must fit in int16:
// true for a ≤ 128 and |b| ≤ 127 (2·128·127 = 32512).
static inline __m256 products_u8_i8(__m256i a, __m256i b) {
  const __m256i pairs = _mm256_maddubs_epi16(a, b);
  return _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

static float dot_q8_0_by_hand(const void *row, const ckernels_q8_block *x, size_t n) {
  const block_q8_0 *blocks = row;
  __m256 total0 = _mm256_setzero_ps(), total1 = _mm256_setzero_ps();
  size_t b = 0;
  for (; b + 2 <= n / 32; b += 2) {
    const __m256i w0 = _mm256_loadu_si256((const __m256i *)blocks[b].q);
    const __m256i w1 = _mm256_loadu_si256((const __m256i *)blocks[b + 1].q);
    const __m256i x0 = _mm256_loadu_si256((const __m256i *)x[b].q);
    const __m256i x1 = _mm256_loadu_si256((const __m256i *)x[b + 1].q);
    // |w|·(x with w's sign): w may be −128, whose magnitude an unsigned byte holds; x never is, so its sign can turn.
    const __m256 p0 = products_u8_i8(_mm256_abs_epi8(w0), _mm256_sign_epi8(x0, w0));
    const __m256 p1 = products_u8_i8(_mm256_abs_epi8(w1), _mm256_sign_epi8(x1, w1));
    total0 = _mm256_fmadd_ps(_mm256_set1_ps(f32_of_half(blocks[b].d) * x[b].scale), p0, total0);
    total1 = _mm256_fmadd_ps(_mm256_set1_ps(f32_of_half(blocks[b + 1].d) * x[b + 1].scale), p1, total1);
  }
  float total = sum8(_mm256_add_ps(total0, total1));
  if (b < n / 32) total += avx2_dot_q8_0(&blocks[b], &x[b], 32);
  return total;
}

static float dot_q4_0_by_hand(const void *row, const ckernels_q8_block *x, size_t n) {
  const block_q4_0 *blocks = row;
  __m256 total = _mm256_setzero_ps();
  float offset = 0;
  const __m128i low = _mm_set1_epi8(15);
  for (size_t b = 0; b < n / 32; b++) {
    const __m128i packed = _mm_loadu_si128((const __m128i *)blocks[b].q);
    const __m256i w = _mm256_set_m128i(_mm_and_si128(_mm_srli_epi16(packed, 4), low), _mm_and_si128(packed, low));
    const __m256i q = _mm256_loadu_si256((const __m256i *)x[b].q);
    const float d = f32_of_half(blocks[b].d) * x[b].scale;
    total = _mm256_fmadd_ps(_mm256_set1_ps(d), products_u8_i8(w, q), total);
    offset += d * (float)x[b].sum;
  }
  return sum8(total) - 8 * offset;
}

const ckernels_table *ckernels_avx2(void) {
  static ckernels_table table = KERNELS_TABLE("avx2");
  table.dot_q8_0 = dot_q8_0_by_hand;
  table.dot_q4_0 = dot_q4_0_by_hand;
  return &table;
}
#pragma clang attribute pop
#endif
