// Products of matrices rounded to bf16 for x86-64 with AVX-512 BF16: vdpbf16ps adds two products of bf16 numbers to an
// f32, twice as many operations an instruction as in f32.
#if defined(__x86_64__)
#include <immintrin.h>

#include "by_hand.h"
#include "formats.h"
#include "registers_avx512.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16,avx2,fma,f16c"))), apply_to = function)

enum {
  kRows = 12,    // of A and C in a tile of 32 columns: 24 registers of sums
  kDepth = 512,  // numbers of A's rows that are rounded at a time; attention has runs of 512 keys
  kRowsAhead = 8,  // rows of a weight from the one that is rounded to the one that memory is asked for
};

_Static_assert(ckernels_bf16_columns == 32, "two registers of pairs");

static inline __m512i bf16_of(__m512 low, __m512 high) { return (__m512i)_mm512_cvtne2ps_pbh(high, low); }

// k numbers, k at most kDepth, and zeros up to a multiple of 32.
static inline void round_row(const float *a, size_t k, uint32_t *pairs) {
  for (size_t p = 0; p < k; p += 32) {
    const size_t left = k - p;
    const __m512 low = _mm512_maskz_loadu_ps(first_lanes(left), a + p);
    const __m512 high =
        left > 16 ? _mm512_maskz_loadu_ps(first_lanes(left - 16), a + p + 16) : _mm512_setzero_ps();
    _mm512_storeu_si512(pairs + p / 2, bf16_of(low, high));
  }
}

// `rows` rows of A, rounded, times one panel.
static inline __attribute__((always_inline)) void multiply_tile(
    const int rows, size_t pairs, const uint32_t (*a)[kDepth / 2], const uint32_t *panel, float alpha, bool adding,
    float *c, size_t c_row, size_t width) {
  __m512 sums[kRows][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  for (size_t p = 0; p < pairs; p++, panel += ckernels_bf16_columns) {
    const __m512bh b0 = (__m512bh)_mm512_loadu_si512(panel), b1 = (__m512bh)_mm512_loadu_si512(panel + 16);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      const __m512bh factor = (__m512bh)_mm512_set1_epi32((int32_t)a[r][p]);
      sums[r][0] = _mm512_dpbf16_ps(sums[r][0], factor, b0);
      sums[r][1] = _mm512_dpbf16_ps(sums[r][1], factor, b1);
    }
  }
  const __m512 scale = _mm512_set1_ps(alpha);
  const __mmask16 lanes[2] = {first_lanes(width), width > 16 ? first_lanes(width - 16) : 0};
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++) {
      float *const target = c + (size_t)r * c_row + 16 * half;
      const __m512 before = adding ? _mm512_maskz_loadu_ps(lanes[half], target) : _mm512_setzero_ps();
      _mm512_mask_storeu_ps(target, lanes[half], _mm512_fmadd_ps(sums[r][half], scale, before));
    }
  }
}

static void multiply_rows(
    size_t rows, size_t pairs, const uint32_t (*a)[kDepth / 2], const uint32_t *panel, float alpha, bool adding,
    float *c, size_t c_row, size_t width) {
#define TILE(count) \
  case count: multiply_tile(count, pairs, a, panel, alpha, adding, c, c_row, width); break;
  switch (rows) {
    TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11)
    default: multiply_tile(kRows, pairs, a, panel, alpha, adding, c, c_row, width);
  }
#undef TILE
}

void ckernels_avx512_product_bf16(
    size_t m, size_t n, size_t k, float alpha, const float *a, size_t a_row, const uint32_t *panels, size_t panel_pairs,
    bool adding, float *c, size_t c_row) {
  uint32_t rounded[kRows][kDepth / 2] __attribute__((aligned(64)));
  const size_t tiles = (m + kRows - 1) / kRows;
  for (size_t tile = 0, i = 0, rows; tile < tiles; tile++, i += rows) {
    rows = (m - i + tiles - tile - 1) / (tiles - tile);
    for (size_t p = 0; p < k; p += kDepth) {
      const size_t depth = k - p < kDepth ? k - p : kDepth;
      for (size_t r = 0; r < rows; r++) round_row(a + (i + r) * a_row + p, depth, rounded[r]);
      for (size_t j = 0; j < n; j += ckernels_bf16_columns) {
        const uint32_t *const panel = panels + (j * panel_pairs + p / 2 * ckernels_bf16_columns);
        const size_t width = n - j < ckernels_bf16_columns ? n - j : ckernels_bf16_columns;
        multiply_rows(
            rows, (depth + 1) / 2, rounded, panel, alpha, adding || p > 0, c + i * c_row + j, c_row, width);
      }
    }
  }
}

// 16 columns of a panel, which lie one behind the other: a row of B after the other.
static inline void pack_rows(const float *b, size_t b_row, size_t k, size_t width, uint32_t *panel) {
  const __mmask16 lanes = first_lanes(width);
  for (size_t p = 0; p < k; p += 2, panel += ckernels_bf16_columns) {
    const __m512 first = _mm512_maskz_loadu_ps(lanes, b + p * b_row);
    const __m512 second = p + 1 < k ? _mm512_maskz_loadu_ps(lanes, b + (p + 1) * b_row) : _mm512_setzero_ps();
    const __m512i a = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(first));
    const __m512i c = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(second));
    _mm512_storeu_si512(panel, _mm512_or_si512(a, _mm512_slli_epi32(c, 16)));
  }
}

void ckernels_avx512_pack_bf16(
    const float *b, size_t b_row, size_t b_column, size_t k, size_t n, uint32_t *panels) {
  const size_t pairs = (k + 1) / 2;
  for (size_t j = 0; j < n; j += ckernels_bf16_columns, panels += pairs * ckernels_bf16_columns) {
    const size_t width = n - j < ckernels_bf16_columns ? n - j : ckernels_bf16_columns;
    if (b_column == 1) {
      for (size_t half = 0; half < 2; half++) {
        const size_t left = width > 16 * half ? width - 16 * half : 0;
        pack_rows(b + j + (left ? 16 * half : 0), b_row, k, left < 16 ? left : 16, panels + 16 * half);
      }
      continue;
    }
    // Columns of numbers that lie one behind the other (b_row is 1): rounded, then transposed as pairs.
    for (size_t c = 0; c < ckernels_bf16_columns; c++) {
      for (size_t p = 0; p < k; p += kDepth) {
        const size_t depth = k - p < kDepth ? k - p : kDepth;
        uint32_t rounded[kDepth / 2] __attribute__((aligned(64)));
        round_row(b + (j + (c < width ? c : 0)) * b_column + p, c < width ? depth : 0, rounded);
        if (c >= width) memset(rounded, 0, sizeof rounded);
        for (size_t i = 0; i < (depth + 1) / 2; i++) panels[(p / 2 + i) * ckernels_bf16_columns + c] = rounded[i];
      }
    }
  }
}

// The 32 weights of a block.
static inline __attribute__((always_inline)) void decode(
    const block_kind kind, const uint8_t *block, __m512 weights[2]) {
  half_t half;
  memcpy(&half, block, sizeof half);
  const __m512 d = _mm512_set1_ps(f32_of_half(half));
  const uint8_t *const quants = block + sizeof half;
  __m128i halves[2];
  if (kind == kQ4_0) {
    const __m128i pairs = _mm_loadu_si128((const __m128i *)quants), low = _mm_set1_epi8(15), eight = _mm_set1_epi8(8);
    halves[0] = _mm_sub_epi8(_mm_and_si128(pairs, low), eight);
    halves[1] = _mm_sub_epi8(_mm_and_si128(_mm_srli_epi16(pairs, 4), low), eight);
  } else {
    for (size_t h = 0; h < 2; h++) halves[h] = _mm_loadu_si128((const __m128i *)quants + h);
  }
  for (int h = 0; h < 2; h++) weights[h] = _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(halves[h])));
}

// Two rows after another, of each all blocks: of rows that lie kilobytes apart a cache holds few.
static inline __attribute__((always_inline)) void pack_blocks(
    const block_kind kind, const uint8_t *weight, size_t row_bytes, size_t k, size_t n, uint32_t *panels) {
  const size_t pairs = (k + 1) / 2, block_bytes = bytes_of(kind, 32), bytes = bytes_of(kind, n);
  // Of 16 numbers of one row and 16 of another those that belong together.
  const __m512i order = _mm512_set_epi16(
      31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16,
      0);
  for (size_t p = 0; p < pairs; p++) {
    const uint8_t *const first = weight + 2 * p * row_bytes, *const second = first + row_bytes;
    for (size_t line = 0; line < bytes; line += 64) {
      // No processor expects rows some pages on.
      _mm_prefetch(first + kRowsAhead * row_bytes + line, _MM_HINT_T0);
      _mm_prefetch(second + kRowsAhead * row_bytes + line, _MM_HINT_T0);
    }
    uint32_t *target = panels + p * ckernels_bf16_columns;
    for (size_t b = 0; b < n / 32; b++, target += pairs * ckernels_bf16_columns) {
      __m512 a[2], c[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
      decode(kind, first + b * block_bytes, a);
      if (2 * p + 1 < k) decode(kind, second + b * block_bytes, c);
      for (int h = 0; h < 2; h++) {
        _mm512_storeu_si512(target + 16 * h, _mm512_permutexvar_epi16(order, bf16_of(a[h], c[h])));
      }
    }
  }
}

void ckernels_avx512_pack_bf16_q8_0(const void *weight, size_t row_bytes, size_t k, size_t n, uint32_t *panels) {
  pack_blocks(kQ8_0, weight, row_bytes, k, n, panels);
}

void ckernels_avx512_pack_bf16_q4_0(const void *weight, size_t row_bytes, size_t k, size_t n, uint32_t *panels) {
  pack_blocks(kQ4_0, weight, row_bytes, k, n, panels);
}
#pragma clang attribute pop
#endif
