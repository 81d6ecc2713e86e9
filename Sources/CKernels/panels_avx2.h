// Panels of weights for AVX2: a few rows, interleaved, 4 consecutive quants of the first row, of the second, …, one
// register for 8 rows.
#pragma once
#include <immintrin.h>
#include <stddef.h>

#include "formats.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum {
  kPanelBlocks = 16,  // blocks of 32 along the rows in a panel: 9 kB of quants
  kPanelRows = 16,    // rows in one
};

// One block of 32 of a panel: two vectors for each of 8 steps of 4 quants, of 8 rows and of 8 more.
typedef struct {
  __m256i quants[8][2];
  __m256 scales[2];
} panel_block;

// What the blocks of some types have besides.
typedef union {
  __m256 minima[2];          // q4_k: what is multiplied with the activations' offset
  __m256i half_scales[2][2];  // q6_k: of each half of a block the integer scale, twice as int16
} panel_extra;

typedef struct {
  panel_block blocks[kPanelBlocks];
  panel_extra extras[kPanelBlocks];
} weight_panel;

// Rows of a weight, `stride` bytes from one to the next, from some block on.
typedef struct {
  const uint8_t *start;
  size_t stride;
} weight_rows_part;

static inline const uint8_t *row_at(weight_rows_part rows, size_t row, size_t offset) {
  return rows.start + row * rows.stride + offset;
}

static inline weight_rows_part rows_from(weight_rows_part rows, size_t first) {
  return (weight_rows_part){row_at(rows, first, 0), rows.stride};
}

// The halves of 8 rows as floats.
static inline __m256 scales_of(weight_rows_part rows, size_t offset) {
  uint16_t bits[8];
  for (size_t r = 0; r < 8; r++) memcpy(&bits[r], row_at(rows, r, offset), 2);
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)bits));
}

// Transposes 4 numbers of 32 bits from each of 8 rows: out[s] holds number s of all rows.
static inline void transpose_quarters(weight_rows_part rows, size_t offset, __m256i out[4]) {
  __m256i pairs[4];
  for (size_t r = 0; r < 4; r++) {
    pairs[r] = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)row_at(rows, r, offset))),
        _mm_loadu_si128((const __m128i *)row_at(rows, r + 4, offset)), 1);
  }
  const __m256i a = _mm256_unpacklo_epi32(pairs[0], pairs[1]), b = _mm256_unpackhi_epi32(pairs[0], pairs[1]);
  const __m256i c = _mm256_unpacklo_epi32(pairs[2], pairs[3]), d = _mm256_unpackhi_epi32(pairs[2], pairs[3]);
  out[0] = _mm256_unpacklo_epi64(a, c);
  out[1] = _mm256_unpackhi_epi64(a, c);
  out[2] = _mm256_unpacklo_epi64(b, d);
  out[3] = _mm256_unpackhi_epi64(b, d);
}

static inline void pack_q4_0(weight_rows_part rows, size_t blocks, weight_panel *panel) {
  const __m256i low = _mm256_set1_epi8(15);
  for (size_t b = 0; b < blocks; b++) {
    panel_block *const block = &panel->blocks[b];
    const size_t offset = b * sizeof(block_q4_0);
    for (int half = 0; half < 2; half++) {
      const weight_rows_part eight = rows_from(rows, 8 * (size_t)half);
      __m256i steps[4];
      transpose_quarters(eight, offset + 2, steps);
      for (int s = 0; s < 4; s++) {
        block->quants[s][half] = _mm256_and_si256(steps[s], low);
        block->quants[s + 4][half] = _mm256_and_si256(_mm256_srli_epi16(steps[s], 4), low);
      }
      block->scales[half] = scales_of(eight, offset);
    }
  }
}

static inline void pack_q8_0(weight_rows_part rows, size_t blocks, weight_panel *panel) {
  for (size_t b = 0; b < blocks; b++) {
    panel_block *const block = &panel->blocks[b];
    const size_t offset = b * sizeof(block_q8_0);
    for (int half = 0; half < 2; half++) {
      const weight_rows_part eight = rows_from(rows, 8 * (size_t)half);
      for (int part = 0; part < 2; part++) {
        __m256i steps[4];
        transpose_quarters(eight, offset + 2 + 16 * (size_t)part, steps);
        for (int s = 0; s < 4; s++) block->quants[4 * part + s][half] = steps[s];
      }
      block->scales[half] = scales_of(eight, offset);
    }
  }
}

// Byte `index` of every word as a float.
static inline __m256 floats_of_byte(__m256i words, int index) {
  return _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32(words, 8 * index), _mm256_set1_epi32(255)));
}

// 8 rows of one block of q4_k: half of 8 of the panel's.
static inline void pack_q4_k_half(
    weight_rows_part rows, size_t offset, int half, panel_block *block, panel_extra *extra) {
  const __m256i low = _mm256_set1_epi8(15), six = _mm256_set1_epi8(63), high = _mm256_set1_epi8(48);
  const __m256 d = scales_of(rows, offset);
  // −8 times the activations' sum is what the minima are multiplied with.
  const __m256 eighth = _mm256_mul_ps(scales_of(rows, offset + 2), _mm256_set1_ps(0.125f));
  // As q4_k_scales does it.
  __m256i words[4];
  transpose_quarters(rows, offset + offsetof(block_q4_k, scales), words);
  const __m256i scales[2] = {
      _mm256_and_si256(words[0], six),
      _mm256_or_si256(
          _mm256_and_si256(words[2], low), _mm256_and_si256(_mm256_srli_epi16(words[0], 2), high))};
  const __m256i minima[2] = {
      _mm256_and_si256(words[1], six),
      _mm256_or_si256(
          _mm256_and_si256(_mm256_srli_epi16(words[2], 4), low),
          _mm256_and_si256(_mm256_srli_epi16(words[1], 2), high))};
  for (int sub = 0; sub < 8; sub++) {
    block[sub].scales[half] = _mm256_mul_ps(d, floats_of_byte(scales[sub / 4], sub % 4));
    extra[sub].minima[half] = _mm256_mul_ps(eighth, floats_of_byte(minima[sub / 4], sub % 4));
  }
  for (int part = 0; part < 8; part++) {
    __m256i steps[4];
    transpose_quarters(rows, offset + offsetof(block_q4_k, q) + 16 * (size_t)part, steps);
    panel_block *const pair = block + part / 2 * 2;
    for (int s = 0; s < 4; s++) {
      pair[0].quants[part % 2 * 4 + s][half] = _mm256_and_si256(steps[s], low);
      pair[1].quants[part % 2 * 4 + s][half] = _mm256_and_si256(_mm256_srli_epi16(steps[s], 4), low);
    }
  }
}

// Byte `index` of every word, with its sign, in both int16 of the word.
static inline __m256i halves_of_byte(__m256i words, int index) {
  const __m256i byte = _mm256_srai_epi32(_mm256_slli_epi32(words, 24 - 8 * index), 24);
  return _mm256_blend_epi16(byte, _mm256_slli_epi32(byte, 16), 0xaa);
}

// 8 rows of one block of q6_k: half of 8 of the panel's. Quants are 32 too large.
static inline void pack_q6_k_half(
    weight_rows_part rows, size_t offset, int half, panel_block *block, panel_extra *extra) {
  const __m256i low = _mm256_set1_epi8(15), top = _mm256_set1_epi8(48);
  const __m256 d = scales_of(rows, offset + offsetof(block_q6_k, d));
  __m256i words[4];
  transpose_quarters(rows, offset + offsetof(block_q6_k, scales), words);
  for (int b = 0; b < 8; b++) {
    block[b].scales[half] = d;
    for (int h = 0; h < 2; h++) extra[b].half_scales[h][half] = halves_of_byte(words[b / 2], 2 * b % 4 + h);
  }
  for (int part = 0; part < 4; part++) {
    __m256i lows[2][4], highs[4];
    const size_t first = 64 * (size_t)(part / 2) + 16 * (size_t)(part % 2);
    transpose_quarters(rows, offset + first, lows[0]);
    transpose_quarters(rows, offset + first + 32, lows[1]);
    transpose_quarters(rows, offset + offsetof(block_q6_k, high) + 16 * (size_t)part, highs);
    panel_block *const runs = block + 4 * (part / 2);
    for (int s = 0; s < 4; s++) {
      const __m256i l0 = lows[0][s], l1 = lows[1][s], h = highs[s];
      const int step = part % 2 * 4 + s;
      const __m256i nibbles[4] = {l0, l1, _mm256_srli_epi16(l0, 4), _mm256_srli_epi16(l1, 4)};
      const __m256i pairs[4] = {_mm256_slli_epi16(h, 4), _mm256_slli_epi16(h, 2), h, _mm256_srli_epi16(h, 2)};
      for (int run = 0; run < 4; run++) {
        runs[run].quants[step][half] =
            _mm256_or_si256(_mm256_and_si256(nibbles[run], low), _mm256_and_si256(pairs[run], top));
      }
    }
  }
}

// `blocks` blocks of 32, for q4_k and q6_k a multiple of 8, of the rows.
static inline __attribute__((always_inline)) void pack(
    const block_kind kind, weight_rows_part rows, size_t blocks, weight_panel *panel) {
  if (kind == kQ8_0) {
    pack_q8_0(rows, blocks, panel);
  } else if (kind == kQ4_0) {
    pack_q4_0(rows, blocks, panel);
  } else {
    for (size_t b = 0; b < blocks; b += 8) {
      for (int half = 0; half < 2; half++) {
        const weight_rows_part eight = rows_from(rows, 8 * (size_t)half);
        if (kind == kQ4_K) {
          pack_q4_k_half(eight, b / 8 * sizeof(block_q4_k), half, &panel->blocks[b], &panel->extras[b]);
        } else {
          pack_q6_k_half(eight, b / 8 * sizeof(block_q6_k), half, &panel->blocks[b], &panel->extras[b]);
        }
      }
    }
  }
}

// The same of a group of 16 rows, which has the panel's order already.
static inline __attribute__((always_inline)) void pack_group(
    const block_kind kind, row_group group, size_t blocks, weight_panel *panel) {
  const __m256i low = _mm256_set1_epi8(15);
  for (size_t b = 0; b < blocks; b++) {
    panel_block *const block = &panel->blocks[b];
    const group_block source = group_block_at(kind, group, b);
    const uint8_t *const quants = source.quants;
    for (int half = 0; half < 2; half++) {
      block->scales[half] = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)source.scales + half));
    }
    if (kind == kQ8_0) {
      memcpy(block->quants, quants, sizeof block->quants);
      continue;
    }
    for (int s = 0; s < 4; s++) {
      for (int half = 0; half < 2; half++) {
        const __m256i pairs = _mm256_loadu_si256((const __m256i *)quants + 2 * s + half);
        block->quants[s][half] = _mm256_and_si256(pairs, low);
        block->quants[s + 4][half] = _mm256_and_si256(_mm256_srli_epi16(pairs, 4), low);
      }
    }
  }
}
// A panel's rows of the weight, from row `first` and its block `block` on. Where fewer are left, `blocks` blocks of them
// are copied, and the last row stands for those that are not there: nobody looks at what these give.
static inline weight_rows_part panel_rows(
    const block_kind kind, const uint8_t *weight, size_t row_bytes, size_t rows, size_t first, size_t block,
    size_t blocks, uint8_t *copy) {
  const size_t lanes = kPanelRows, bytes = bytes_of(kind, 32 * blocks);
  const weight_rows_part stored = {weight + first * row_bytes + bytes_of(kind, 32 * block), row_bytes};
  if (first + lanes <= rows) return stored;
  for (size_t r = 0; r < lanes; r++) {
    memcpy(copy + r * bytes, row_at(stored, first + r < rows ? r : rows - 1 - first, 0), bytes);
  }
  return (weight_rows_part){copy, bytes};
}

#pragma clang attribute pop
