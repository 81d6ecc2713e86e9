// Products of few rows of activations with weights in groups of 16 rows, for x86-64 with AVX2 and FMA: as when decoding,
// the weight is read from memory once, from its first byte to its last. Each lane of a register belongs to a row of it.
#if defined(__x86_64__)
#include "panels_avx2.h"
#include "by_hand.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum {
  kLanes = 8,
  kHalves = ckernels_interleaved_rows / kLanes,
  kTileRows = 4,     // rows of activations that meet a group at a time
  kPrefetch = 2048,  // bytes from what is being read to what is asked for
};

// The sums of each row of activations, which several chains of instructions work on side by side. Left alone, the
// compiler would finish one row after the other, and keep what they share in memory.
static inline __attribute__((always_inline)) void keep_in_step(const int rows, __m256i sums[][kHalves]) {
#pragma clang loop unroll(full)
  for (int t = 0; t < rows; t++) __asm__ volatile("" : "+x"(sums[t][0]), "+x"(sums[t][1]));
}

// Four activations in every lane.
static inline __m256i four_of(const int8_t *q) {
  int32_t four;
  memcpy(&four, q, 4);
  return _mm256_set1_epi32(four);
}

// Adds a step's products, of bytes between 0 and 15, in int16: 30480 at most in a block (see panels_avx2.c).
static inline __attribute__((always_inline)) void add_nibbles(
    const int rows, __m256i w0, __m256i w1, const int8_t *q, size_t n, __m256i sums[][kHalves]) {
#pragma clang loop unroll(full)
  for (int t = 0; t < rows; t++) {
    const __m256i activations = four_of(q + (size_t)t * n);
    sums[t][0] = _mm256_add_epi16(sums[t][0], _mm256_maddubs_epi16(w0, activations));
    sums[t][1] = _mm256_add_epi16(sums[t][1], _mm256_maddubs_epi16(w1, activations));
  }
  if (rows > 1) keep_in_step(rows, sums);
}

// Of a block with each row of activations, the integer products.
static inline __attribute__((always_inline)) void multiply_q4_0(
    const int rows, const uint8_t *quants, const int8_t *q, const uint32_t *offset, size_t n,
    __m256i sums[][kHalves]) {
  const __m256i low = _mm256_set1_epi8(15);
#pragma clang loop unroll(full)
  for (int t = 0; t < rows; t++) sums[t][0] = sums[t][1] = _mm256_set1_epi32((int32_t)offset[(size_t)t * (n / 32)]);
#pragma clang loop unroll(full)
  for (int s = 0; s < 4; s++) {
    const __m256i *const step = (const __m256i *)quants + 2 * s;
    const __m256i w0 = _mm256_loadu_si256(step), w1 = _mm256_loadu_si256(step + 1);
    add_nibbles(rows, _mm256_and_si256(w0, low), _mm256_and_si256(w1, low), q + 4 * s, n, sums);
    add_nibbles(
        rows, _mm256_and_si256(_mm256_srli_epi16(w0, 4), low), _mm256_and_si256(_mm256_srli_epi16(w1, 4), low),
        q + 16 + 4 * s, n, sums);
  }
#pragma clang loop unroll(full)
  for (int t = 0; t < rows; t++) {
    for (int half = 0; half < kHalves; half++) {
      sums[t][half] = _mm256_madd_epi16(sums[t][half], _mm256_set1_epi16(1));
    }
  }
}

static inline __attribute__((always_inline)) void multiply_q8_0(
    const int rows, const uint8_t *quants, const int8_t *q, size_t n, __m256i sums[][kHalves]) {
#pragma clang loop unroll(full)
  for (int t = 0; t < rows; t++) sums[t][0] = sums[t][1] = _mm256_setzero_si256();
#pragma clang loop unroll(full)
  for (int s = 0; s < 8; s++) {
    const __m256i *const step = (const __m256i *)quants + 2 * s;
    const __m256i w[kHalves] = {_mm256_loadu_si256(step), _mm256_loadu_si256(step + 1)};
    const __m256i magnitudes[kHalves] = {_mm256_abs_epi8(w[0]), _mm256_abs_epi8(w[1])};
#pragma clang loop unroll(full)
    for (int t = 0; t < rows; t++) {
      const __m256i activations = four_of(q + (size_t)t * n + 4 * (size_t)s);
#pragma clang loop unroll(full)
      for (int half = 0; half < kHalves; half++) {
        // |w|·(x with w's sign): w may be −128, whose magnitude an unsigned byte holds; x never is, so its sign can
        // turn. Pairs fit in int16: 2·128·127 = 32512.
        const __m256i pairs = _mm256_maddubs_epi16(magnitudes[half], _mm256_sign_epi8(activations, w[half]));
        sums[t][half] = _mm256_add_epi32(sums[t][half], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
      }
    }
    if (rows > 1) keep_in_step(rows, sums);
  }
}

// The first `width` numbers, and zeros.
static inline void load_some(const float *from, size_t width, __m256 halves[kHalves]) {
  float numbers[ckernels_interleaved_rows] = {0};
  if (from) memcpy(numbers, from, width * sizeof *numbers);
  for (int half = 0; half < kHalves; half++) halves[half] = _mm256_loadu_ps(numbers + kLanes * half);
}

// One group of the weight, of which `width` rows are there.
static inline __attribute__((always_inline)) void stream_group(
    const block_kind kind, const int rows, row_group group, const ckernels_q8_rows *x, size_t n, const float *bias,
    float *y, size_t y_row, size_t width) {
  const size_t block_bytes = ckernels_interleaved_rows * bytes_of(kind, 32);
  __m256 totals[kTileRows][kHalves];
#pragma clang loop unroll(full)
  for (int t = 0; t < rows; t++) load_some(bias, width, totals[t]);
  for (size_t b = 0; b < n / 32; b++) {
    const group_block block = group_block_at(kind, group, b);
    const uint8_t *const ahead = group.start + b * block_bytes + kPrefetch;
    for (size_t line = 0; line < block_bytes; line += 64) _mm_prefetch(ahead + line, _MM_HINT_T0);
    __m256i sums[kTileRows][kHalves];
    if (kind == kQ8_0) {
      multiply_q8_0(rows, block.quants, x->q + 32 * b, n, sums);
    } else {
      multiply_q4_0(rows, block.quants, x->q + 32 * b, x->offset + b, n, sums);
    }
    const __m256 scales[kHalves] = {
        _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)block.scales)),
        _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)block.scales + 1))};
#pragma clang loop unroll(full)
    for (int t = 0; t < rows; t++) {
      const __m256 scale = _mm256_set1_ps(x->scale[(size_t)t * (n / 32) + b]);
#pragma clang loop unroll(full)
      for (int half = 0; half < kHalves; half++) {
        totals[t][half] = _mm256_fmadd_ps(
            _mm256_mul_ps(scales[half], scale), _mm256_cvtepi32_ps(sums[t][half]), totals[t][half]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int t = 0; t < rows; t++) {
    float numbers[ckernels_interleaved_rows];
    for (int half = 0; half < kHalves; half++) _mm256_storeu_ps(numbers + kLanes * half, totals[t][half]);
    memcpy(y + (size_t)t * y_row, numbers, width * sizeof *y);
  }
}

static inline __attribute__((always_inline)) void stream(
    const block_kind kind, const uint8_t *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows,
    size_t n, const float *bias, float *y, size_t y_row) {
  for (size_t j = 0; j < weight_rows; j += ckernels_interleaved_rows) {
    const size_t left = weight_rows - j, width = left < ckernels_interleaved_rows ? left : ckernels_interleaved_rows;
    const row_group group = group_at(kind, weight, n, j, 0);
    const float *const start = bias ? bias + j : NULL;
    const size_t tiles = (x_rows + kTileRows - 1) / kTileRows;
    ckernels_q8_rows part = *x;
    float *target = y + j;
    for (size_t tile = 0, left_rows = x_rows; tile < tiles; tile++) {
      const size_t rows = (left_rows + tiles - tile - 1) / (tiles - tile);
      switch (rows) {
        case 1: stream_group(kind, 1, group, &part, n, start, target, y_row, width); break;
        case 2: stream_group(kind, 2, group, &part, n, start, target, y_row, width); break;
        case 3: stream_group(kind, 3, group, &part, n, start, target, y_row, width); break;
        default: stream_group(kind, kTileRows, group, &part, n, start, target, y_row, width);
      }
      left_rows -= rows;
      part.q += rows * n;
      part.scale += rows * (n / 32);
      part.offset += rows * (n / 32);
      target += rows * y_row;
    }
  }
}

void ckernels_avx2_interleaved_stream_q8_0(
    const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias,
    float *y, size_t y_row) {
  stream(kQ8_0, weight, weight_rows, x, x_rows, n, bias, y, y_row);
}

void ckernels_avx2_interleaved_stream_q4_0(
    const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias,
    float *y, size_t y_row) {
  stream(kQ4_0, weight, weight_rows, x, x_rows, n, bias, y, y_row);
}

// Lays whole groups out anew; the plain C does the last one, if rows of it are missing.
static inline __attribute__((always_inline)) size_t interleave(
    const block_kind kind, const uint8_t *weight, size_t weight_rows, size_t n, uint8_t *groups) {
  const size_t row_bytes = bytes_of(kind, n), whole = weight_rows / ckernels_interleaved_rows;
  for (size_t j = 0; j < whole * ckernels_interleaved_rows; j += ckernels_interleaved_rows) {
    const weight_rows_part rows = {weight + j * row_bytes, row_bytes};
    for (size_t b = 0; b < n / 32; b++) {
      const size_t offset = bytes_of(kind, 32 * b);
      const group_block target = group_block_at(kind, group_at(kind, groups, n, j, 0), b);
      for (size_t r = 0; r < ckernels_interleaved_rows; r++) {
        memcpy((half_t *)target.scales + r, row_at(rows, r, offset), sizeof(half_t));
      }
      __m256i *const steps = (__m256i *)target.quants;
      for (size_t quarter = 0; quarter < group_quants(kind) / 256; quarter++) {
        for (size_t half = 0; half < kHalves; half++) {
          __m256i four[4];
          transpose_quarters(rows_from(rows, kLanes * half), offset + 2 + 16 * quarter, four);
          for (size_t s = 0; s < 4; s++) _mm256_storeu_si256(steps + (4 * quarter + s) * kHalves + half, four[s]);
        }
      }
    }
  }
  return whole * ckernels_interleaved_rows;
}

size_t ckernels_avx2_interleave_q8_0(const void *weight, size_t weight_rows, size_t n, void *interleaved) {
  return interleave(kQ8_0, weight, weight_rows, n, interleaved);
}

size_t ckernels_avx2_interleave_q4_0(const void *weight, size_t weight_rows, size_t n, void *interleaved) {
  return interleave(kQ4_0, weight, weight_rows, n, interleaved);
}
#pragma clang attribute pop
#endif
