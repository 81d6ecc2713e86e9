// The arithmetic of products of few rows with AVX2: what a group of blocks of a weight's row adds to the sums.
#pragma once
#include <immintrin.h>

#include "formats.h"
#include "by_hand.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum {
  kGroup = 8,    // blocks of 32 that share the arithmetic on scales: a vector of them, one block of q4_k or q6_k
  kGroups = 40,  // groups of a row that are multiplied at a time: 10240 weights
};

// The activations that meet a group, filled up with zeros behind the end of a row.
typedef struct {
  __m256i q[kGroup];  // q4_0: of each pair of blocks the first halves, then the second ones
  __m256 scale;       // q4_0: of the even blocks, then of the odd ones, in which order its sums come out
  union {
    __m256i offset;         // q4_0, in the same order: −8 · the sum of the q
    __m256 minimum_offset;  // q4_k: the same as floats
    __m256i excess[2];      // q6_k: 32 · the sum of the q of each half of a block, in the order of add_group_q6_k
  };
} group_activations;

// The scales of a group of q8_0 or q4_0, by the integer units, which have little else to do.
static inline __m256 scales_of(const block_kind kind, const uint8_t *blocks) {
  uint64_t four[2] = {0, 0};
  for (size_t i = 0; i < kGroup; i++) {
    uint16_t bits;
    memcpy(&bits, blocks + bytes_of(kind, 32 * i), 2);
    const size_t lane = kind == kQ8_0 ? i : i / 2 + kGroup / 2 * (i % 2);
    four[lane / 4] |= (uint64_t)bits << 16 * (lane % 4);
  }
  return _mm256_cvtph_ps(_mm_set_epi64x((long long)four[1], (long long)four[0]));
}

static inline __attribute__((always_inline)) void add_group_q8_0(
    const int rows, const uint8_t *blocks, const group_activations *x, __m256 *even, __m256 *odd) {
  const __m256 d = scales_of(kQ8_0, blocks);
  float factors[ckernels_few_rows][kGroup] __attribute__((aligned(32)));
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    _mm256_store_ps(factors[r], _mm256_mul_ps(d, x[r * kGroups].scale));
    // To be loaded into all lanes again: the compiler would shuffle instead, with the units that multiply.
    __asm__("" : "+m"(factors[r]));
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < kGroup; i++) {
    const __m256i w = _mm256_loadu_si256((const __m256i *)(blocks + (size_t)i * sizeof(block_q8_0) + 2));
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      // |w|·(x with w's sign): w may be −128, whose magnitude an unsigned byte holds; x never is, so its sign can turn.
      // Pairs fit in int16: 2·128·127 = 32512.
      const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x[r * kGroups].q[i], w));
      const __m256 products = _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
      // Two sums: one would be waited for.
      __m256 *const total = i % 2 ? &odd[r] : &even[r];
      *total = _mm256_fmadd_ps(_mm256_set1_ps(factors[r][i]), products, *total);
    }
  }
}

// Two vectors of int16, the first half of each of one block and the second of another (q4_0) or of the same: the eight
// added up in pairs, which leaves four.
// Shuffles and additions, since the units that multiply are the ones that are busy.
static inline __m256i sums_of_halves(__m256i a, __m256i b) {
  return _mm256_add_epi16(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
}

// The same with four vectors and in pairs twice, which leaves two beside those of the other blocks. In q4_0, where the
// eight are sums of four products, they are at most 8·2·2·15·127 / 2 = 30480.
static inline __m256i sums_of_quarters(const __m256i v[4]) {
  const __m256i a = sums_of_halves(v[0], v[1]), b = sums_of_halves(v[2], v[3]);
  const __m256 even = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88);
  const __m256 odd = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0xdd);
  return _mm256_add_epi16(_mm256_castps_si256(even), _mm256_castps_si256(odd));
}

// Here the sums over a block come together in one lane for each block.
static inline __attribute__((always_inline)) void add_group_q4_0(
    const int rows, const uint8_t *blocks, const group_activations *x, __m256 *totals) {
  const __m256 d = scales_of(kQ4_0, blocks);
  const __m256i mask = _mm256_set1_epi8(15);
  __m256i pairs[ckernels_few_rows][kGroup / 2];
#pragma clang loop unroll(full)
  for (int i = 0; i < kGroup; i += 2) {
    const uint8_t *const first = blocks + (size_t)i * sizeof(block_q4_0) + 2;
    const __m256i both = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)first)),
        _mm_loadu_si128((const __m128i *)(first + sizeof(block_q4_0))), 1);
    const __m256i low = _mm256_and_si256(both, mask), high = _mm256_and_si256(_mm256_srli_epi16(both, 4), mask);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      pairs[r][i / 2] = _mm256_add_epi16(
          _mm256_maddubs_epi16(low, x[r * kGroups].q[i]), _mm256_maddubs_epi16(high, x[r * kGroups].q[i + 1]));
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    const __m256i sums = _mm256_madd_epi16(sums_of_quarters(pairs[r]), _mm256_set1_epi16(1));
    const __m256i products = _mm256_add_epi32(sums, x[r * kGroups].offset);
    totals[r] = _mm256_fmadd_ps(_mm256_mul_ps(d, x[r * kGroups].scale), _mm256_cvtepi32_ps(products), totals[r]);
  }
}

// The bytes of a word as floats.
static inline __m256 floats_of(uint64_t bytes) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)bytes)));
}

// Here too one lane for each block. A vector has the quants of one only, so that its halves are added up too, in
// the end two of sixteen products each, at most 16·15·127 = 30480.
static inline __attribute__((always_inline)) void add_group_q4_k(
    const int rows, const block_q4_k *block, const group_activations *x, __m256 *totals) {
  const __m256i mask = _mm256_set1_epi8(15);
  int32_t halves;
  memcpy(&halves, block, sizeof halves);
  const __m128 d = _mm_cvtph_ps(_mm_cvtsi32_si128(halves));
  uint64_t scale_bytes, minimum_bytes;
  q4_k_scales(block->scales, &scale_bytes, &minimum_bytes);
  const __m256 scales = _mm256_mul_ps(_mm256_broadcastss_ps(d), floats_of(scale_bytes));
  // What the offsets are multiplied with, which are −8 times the sum of the activations.
  const __m256 eighth = _mm256_mul_ps(_mm256_broadcastss_ps(_mm_movehdup_ps(d)), _mm256_set1_ps(0.125f));
  const __m256 minima = _mm256_mul_ps(eighth, floats_of(minimum_bytes));
  __m256i pairs[ckernels_few_rows][kGroup];
#pragma clang loop unroll(full)
  for (int i = 0; i < kGroup; i += 2) {
    const __m256i quants = _mm256_loadu_si256((const __m256i *)(block->q + 16 * i));
    const __m256i low = _mm256_and_si256(quants, mask), high = _mm256_and_si256(_mm256_srli_epi16(quants, 4), mask);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      pairs[r][i] = _mm256_maddubs_epi16(low, x[r * kGroups].q[i]);
      pairs[r][i + 1] = _mm256_maddubs_epi16(high, x[r * kGroups].q[i + 1]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    const __m256i first = sums_of_quarters(pairs[r]), second = sums_of_quarters(pairs[r] + 4);
    const __m256i sums = _mm256_add_epi16(
        _mm256_permute2x128_si256(first, second, 0x20), _mm256_permute2x128_si256(first, second, 0x31));
    const __m256 products = _mm256_cvtepi32_ps(_mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
    const __m256 values = _mm256_fmadd_ps(scales, products, _mm256_mul_ps(minima, x[r * kGroups].minimum_offset));
    totals[r] = _mm256_fmadd_ps(x[r * kGroups].scale, values, totals[r]);
  }
}

// The 32 quants of a run, stored 32 too large, from 32 bytes of low bits and the 32 of high bits of a half.
static inline __attribute__((always_inline)) __m256i run_of(const int run, __m256i low, __m256i high) {
  const __m256i nibbles = run < 2 ? low : _mm256_srli_epi16(low, 4);
  const __m256i pairs = run < 2 ? _mm256_slli_epi16(high, 4 - 2 * run) : _mm256_srli_epi16(high, 2 * run - 4);
  return _mm256_or_si256(
      _mm256_and_si256(nibbles, _mm256_set1_epi8(15)), _mm256_and_si256(pairs, _mm256_set1_epi8(48)));
}

// One lane for each half of a block: of four blocks the first halves, then the second ones.
static inline __attribute__((always_inline)) void add_group_q6_k(
    const int rows, const block_q6_k *block, const group_activations *x, __m256 *first, __m256 *second) {
  uint16_t half;
  memcpy(&half, &block->d, sizeof half);
  const __m256 d = _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
  const __m128i scale_bytes = _mm_shuffle_epi8(
      _mm_loadu_si128((const __m128i *)block->scales),
      _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15));
  const __m256 scales[2] = {
      _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(scale_bytes))),
      _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(scale_bytes, 8))))};
  __m256i sums[ckernels_few_rows][kGroup / 2];
#pragma clang loop unroll(full)
  for (int i = 0; i < kGroup; i += 2) {
    const __m256i high = _mm256_loadu_si256((const __m256i *)(block->high + 32 * (i / 4)));
    const __m256i w0 = run_of(i % 4, _mm256_loadu_si256((const __m256i *)(block->low + 64 * (i / 4))), high);
    const __m256i w1 = run_of(i % 4 + 1, _mm256_loadu_si256((const __m256i *)(block->low + 64 * (i / 4) + 32)), high);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      // Four products are at most 4·63·127 = 32004, which int16 holds.
      const __m256i fours = sums_of_halves(
          _mm256_maddubs_epi16(w0, x[r * kGroups].q[i]), _mm256_maddubs_epi16(w1, x[r * kGroups].q[i + 1]));
      sums[r][i / 2] = _mm256_madd_epi16(fours, _mm256_set1_epi16(1));
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    const float *const x_scales = (const float *)&x[r * kGroups].scale;
#pragma clang loop unroll(full)
    for (int k = 0; k < 2; k++) {
      const __m256i products = _mm256_sub_epi32(
          _mm256_hadd_epi32(sums[r][2 * k], sums[r][2 * k + 1]), x[r * kGroups].excess[k]);
      const __m256 factor = _mm256_mul_ps(scales[k], _mm256_broadcast_ps((const __m128 *)(x_scales + 4 * k)));
      __m256 *const total = k ? &second[r] : &first[r];
      *total = _mm256_fmadd_ps(factor, _mm256_cvtepi32_ps(products), *total);
    }
  }
}
#pragma clang attribute pop
