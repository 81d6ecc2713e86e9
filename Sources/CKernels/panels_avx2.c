// Products of many rows of activations with quantised weights for x86-64 with AVX2 and FMA.
//
// All activations meet a panel of the weight while it is in the first-level cache. vpmaddubsw multiplies unsigned by
// signed bytes and adds pairs in int16.
//
// q4_0, q4_k: with weights below 16 the eight steps of a block fit there, 16·15·127 = 30480. What makes the weights of
// q4_0 unsigned, 8·Σx, is taken off before the first step, and stays in int16 at every step: each of the 32 products is
// then one of a weight between −8 and 7, whether it was added already or not. q8_0: magnitudes of weights, with their
// signs given to the activations; a pair of products is all that fits, 2·128·127 = 32512, and is added up in int32.
// q6_k: the four steps of half a block would not fit, 8·63·127 = 64008, but with 32·Σx of the very activations that a
// lane meets taken off they do, 8·32·127 = 32512.
#if defined(__x86_64__)
#include <stdbool.h>

#include "panels_avx2.h"
#include "by_hand.h"

_Static_assert(ckernels_interleaved_rows == 16, "a group is a panel");

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum {
  kColumns = 6,     // rows of activations, columns of a tile of the result, that meet the panel at a time
  kPartRows = 256,  // rows of activations that meet a strip at a time
  kStripRows = 64,  // rows of the weight that these meet: their results are 64 kB
};

// −32 times what the two int16 of a word meet of a half of a block, for each row: of four blocks the first halves, then
// the second ones.
typedef uint32_t row_excesses[2 * kPanelBlocks];

// Multiplies one step of a block: 4 bytes of each of the columns.
static inline __attribute__((always_inline)) void add_step(
    const block_kind kind, const int columns, const __m256i quants[2], const int8_t *q, const int8_t *q3, size_t n,
    __m256i sums[kColumns][2]) {
  const __m256i w[2] = {quants[0], quants[1]}, magnitudes[2] = {_mm256_abs_epi8(w[0]), _mm256_abs_epi8(w[1])};
#pragma clang loop unroll(full)
  for (int c = 0; c < columns; c++) {
    int32_t four;
    memcpy(&four, c < 3 ? q + (size_t)c * n : q3 + (size_t)(c - 3) * n, 4);
    const __m256i activations = _mm256_set1_epi32(four);
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++) {
      if (kind == kQ8_0) {
        // −128 has a magnitude as an unsigned byte; no activation is −128, so each one's sign can turn.
        const __m256i pairs = _mm256_maddubs_epi16(magnitudes[half], _mm256_sign_epi8(activations, w[half]));
        sums[c][half] = _mm256_add_epi32(sums[c][half], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
      } else {
        sums[c][half] = _mm256_add_epi16(sums[c][half], _mm256_maddubs_epi16(w[half], activations));
      }
    }
  }
}

// Multiplies `count` steps of a block.
static inline __attribute__((always_inline)) void add_steps(
    const block_kind kind, const int columns, const __m256i quants[][2], const int count, const int8_t *q, size_t n,
    __m256i sums[kColumns][2]) {
  // The compiler would step from column to column by additions; of pointers that seem unrelated it keeps all six.
  const int8_t *q3 = q + 3 * n;
  __asm__("" : "+r"(q3));
#pragma clang loop unroll(disable)
  for (int s = 0; s < count; s += 2, q += 8, q3 += 8) {
    add_step(kind, columns, quants[s], q, q3, n, sums);
    // Left alone, the compiler would mix the steps and run out of registers.
    __asm__("" ::: "memory");
    add_step(kind, columns, quants[s + 1], q + 4, q3 + 4, n, sums);
  }
}

// The products of a block of q6_k, each half's times its scale.
static inline __attribute__((always_inline)) void add_halves(
    const int columns, const panel_block *block, const panel_extra *extra, const row_excesses *excesses, size_t b,
    const int8_t *q, size_t n, __m256i sums[kColumns][2]) {
  __m256i first[kColumns][2];
#pragma clang loop unroll(full)
  for (size_t h = 0; h < 2; h++) {
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
      sums[c][0] = sums[c][1] = _mm256_set1_epi32((int32_t)excesses[c][b / 4 * 8 + 4 * h + b % 4]);
    }
    add_steps(kQ6_K, columns, block->quants + 4 * h, 4, q + 16 * h, n, sums);
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
      for (int half = 0; half < 2; half++) {
        const __m256i products = _mm256_madd_epi16(sums[c][half], extra->half_scales[h][half]);
        if (h == 0) {
          first[c][half] = products;
        } else {
          sums[c][half] = _mm256_add_epi32(first[c][half], products);
        }
      }
    }
  }
}

// Adds the panel's products with `columns` rows of activations to their rows of `totals`.
static inline __attribute__((always_inline)) void multiply_tile(
    const block_kind kind, const int columns, const weight_panel *panel, size_t blocks, const ckernels_q8_rows *x,
    const row_excesses *excesses, size_t n, float *totals, size_t totals_row) {
  const __m256i ones = _mm256_set1_epi16(1);
  for (size_t b = 0; b < blocks; b++) {
    const panel_block *const block = &panel->blocks[b];
    const panel_extra *const extra = &panel->extras[b];
    const int8_t *const q = x->q + 32 * b;
    __m256i sums[kColumns][2];
    if (kind == kQ6_K) {
      add_halves(columns, block, extra, excesses, b, q, n, sums);
    } else {
#pragma clang loop unroll(full)
      for (int c = 0; c < columns; c++) {
        const __m256i offset = _mm256_set1_epi32((int32_t)x->offset[(size_t)c * (n / 32) + b]);
        sums[c][0] = sums[c][1] = kind == kQ4_0 ? offset : _mm256_setzero_si256();
      }
      add_steps(kind, columns, block->quants, 8, q, n, sums);
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
      const size_t at = (size_t)c * (n / 32) + b;
      float *const target = totals + (size_t)c * totals_row;
      const __m256 scale = _mm256_set1_ps(x->scale[at]);
      // The high half of the word is 0.
      const __m256 offset = _mm256_cvtepi32_ps(_mm256_madd_epi16(_mm256_set1_epi32((int32_t)x->offset[at]), ones));
      for (int half = 0; half < 2; half++) {
        const __m256 products =
            _mm256_cvtepi32_ps(kind == kQ6_K || kind == kQ8_0 ? sums[c][half] : _mm256_madd_epi16(sums[c][half], ones));
        const __m256 before = _mm256_loadu_ps(target + 8 * half);
        if (kind == kQ4_K) {
          const __m256 sum = _mm256_fmadd_ps(
              block->scales[half], products, _mm256_mul_ps(extra->minima[half], offset));
          _mm256_storeu_ps(target + 8 * half, _mm256_fmadd_ps(scale, sum, before));
        } else {
          const __m256 factor = _mm256_mul_ps(block->scales[half], scale);
          _mm256_storeu_ps(target + 8 * half, _mm256_fmadd_ps(factor, products, before));
        }
      }
    }
  }
}

// `totals` has kPanelRows numbers for each row of activations. Meanwhile the next panel's part of the weight comes
// from memory: `next_bytes` of each row.
static inline __attribute__((always_inline)) void multiply_panel(
    const block_kind kind, const weight_panel *panel, size_t blocks, ckernels_q8_rows x,
    const row_excesses *excesses, size_t x_rows, size_t n, float *totals, weight_rows_part next, size_t next_bytes) {
  // Tiles of nearly the same size: 20 rows take less time as four tiles of 5 than as three of 6 and one of 2.
  // Signed weights need more registers beside the sums.
  const size_t most = kind == kQ8_0 ? 4 : kColumns;
  const size_t lanes = kPanelRows, tiles = (x_rows + most - 1) / most;
  size_t fetched = 0;
  for (size_t tile = 0; tile < tiles; tile++) {
    const size_t columns = (x_rows + tiles - tile - 1) / (tiles - tile);
    // A few lines for each tile: a processor has some twenty on their way at a time, and stands still for one more.
    for (; fetched * tiles < lanes * (tile + 1); fetched++) {
      for (size_t byte = 0; byte < next_bytes; byte += 64) _mm_prefetch(row_at(next, fetched, byte), _MM_HINT_T0);
    }
    switch (columns) {
      case 1: multiply_tile(kind, 1, panel, blocks, &x, excesses, n, totals, lanes); break;
      case 2: multiply_tile(kind, 2, panel, blocks, &x, excesses, n, totals, lanes); break;
      case 3: multiply_tile(kind, 3, panel, blocks, &x, excesses, n, totals, lanes); break;
      default:
        if (columns == 4 || kind == kQ8_0) {
          multiply_tile(kind, 4, panel, blocks, &x, excesses, n, totals, lanes);
        } else if (columns == 5) {
          multiply_tile(kind, 5, panel, blocks, &x, excesses, n, totals, lanes);
        } else {
          multiply_tile(kind, kColumns, panel, blocks, &x, excesses, n, totals, lanes);
        }
    }
    x_rows -= columns;
    totals += columns * lanes;
    x.q += columns * n;
    x.scale += columns * (n / 32);
    x.offset += columns * (n / 32);
    if (kind == kQ6_K) excesses += columns;
  }
}

// For rows of n activations, of which `blocks` blocks of 32, a multiple of 8, are looked at.
static void find_excesses(const int8_t *q, size_t x_rows, size_t n, size_t blocks, row_excesses *excesses) {
  const __m256i factor = _mm256_set1_epi8(32);
  for (size_t t = 0; t < x_rows; t++, q += n) {
    for (size_t b = 0; b < blocks; b += 4) {
      __m256i pairs[4];
      for (size_t i = 0; i < 4; i++) {
        pairs[i] = _mm256_maddubs_epi16(factor, _mm256_loadu_si256((const __m256i *)(q + 32 * (b + i))));
      }
      // The sum of a lane's four words, of each of the four vectors.
      const __m256i a = _mm256_add_epi16(
          _mm256_unpacklo_epi32(pairs[0], pairs[1]), _mm256_unpackhi_epi32(pairs[0], pairs[1]));
      const __m256i c = _mm256_add_epi16(
          _mm256_unpacklo_epi32(pairs[2], pairs[3]), _mm256_unpackhi_epi32(pairs[2], pairs[3]));
      const __m256i sums = _mm256_add_epi16(_mm256_unpacklo_epi64(a, c), _mm256_unpackhi_epi64(a, c));
      _mm256_storeu_si256((__m256i *)(excesses[t] + 2 * b), _mm256_sub_epi16(_mm256_setzero_si256(), sums));
    }
  }
}

// What the panel with row `first` is made from, to be fetched: `blocks` blocks of each row, wherever they lie.
static inline weight_rows_part panel_bytes(
    const block_kind kind, const bool is_interleaved, const uint8_t *weight, size_t n, size_t first, size_t block,
    size_t blocks) {
  // Of a group a sixteenth for each row.
  if (is_interleaved) {
    return (weight_rows_part){group_at(kind, weight, n, first, block).start, bytes_of(kind, 32 * blocks)};
  }
  return (weight_rows_part){weight + first * bytes_of(kind, n) + bytes_of(kind, 32 * block), bytes_of(kind, n)};
}

// The products of up to kPartRows rows of activations with up to kStripRows rows of the weight.
static inline __attribute__((always_inline)) void multiply_strip(
    const block_kind kind, const bool is_interleaved, const uint8_t *weight, size_t weight_rows,
    const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias, float *y, size_t y_row) {
  const size_t blocks = n / 32, row_bytes = bytes_of(kind, n), lanes = kPanelRows;
  weight_panel panel;
  uint8_t copy[kPanelRows * kPanelBlocks * sizeof(block_q8_0)];  // the largest blocks of 32
  row_excesses excesses[kPartRows];  // for q6_k
  // Of one panel after the other, without a gap between rows: y's rows may lie pages apart.
  float totals[kPartRows * kStripRows] __attribute__((aligned(32)));
  for (size_t j = 0; j < weight_rows; j += lanes) {
    float start[kPanelRows] = {0};
    for (size_t r = 0; bias && r < lanes && j + r < weight_rows; r++) start[r] = bias[j + r];
    for (size_t t = 0; t < x_rows; t++) memcpy(totals + j * x_rows + t * lanes, start, lanes * sizeof(float));
  }
  // The outer loop over blocks, so that the activations' part stays in the second-level cache for all panels.
  for (size_t b = 0; b < blocks; b += kPanelBlocks) {
    const size_t here = blocks - b < kPanelBlocks ? blocks - b : kPanelBlocks;
    const ckernels_q8_rows part = {x->q + 32 * b, x->scale + b, x->offset + b};
    if (kind == kQ6_K) find_excesses(part.q, x_rows, n, here, excesses);
    for (size_t j = 0; j < weight_rows; j += lanes) {
      if (is_interleaved) {
        pack_group(kind, group_at(kind, weight, n, j, b), here, &panel);
      } else {
        pack(kind, panel_rows(kind, weight, row_bytes, weight_rows, j, b, here, copy), here, &panel);
      }
      const bool last = j + lanes >= weight_rows;
      const weight_rows_part next =
          panel_bytes(kind, is_interleaved, weight, n, last ? 0 : j + lanes, last ? b + here : b, here);
      const size_t next_bytes = last && b + here == blocks ? 0 : bytes_of(kind, 32 * here);
      multiply_panel(kind, &panel, here, part, excesses, x_rows, n, totals + j * x_rows, next, next_bytes);
    }
  }
  for (size_t j = 0; j < weight_rows; j += lanes) {
    const size_t width = weight_rows - j < lanes ? weight_rows - j : lanes;
    for (size_t t = 0; t < x_rows; t++) {
      memcpy(y + t * y_row + j, totals + j * x_rows + t * lanes, width * sizeof(float));
    }
  }
}

static inline __attribute__((always_inline)) void product(
    const block_kind kind, const bool is_interleaved, const void *weight, size_t weight_rows,
    const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias, float *y, size_t y_row) {
  for (size_t t = 0; t < x_rows; t += kPartRows) {
    const ckernels_q8_rows part = {x->q + t * n, x->scale + t * (n / 32), x->offset + t * (n / 32)};
    const size_t rows = x_rows - t < kPartRows ? x_rows - t : kPartRows;
    for (size_t j = 0; j < weight_rows; j += kStripRows) {
      const size_t width = weight_rows - j < kStripRows ? weight_rows - j : kStripRows;
      multiply_strip(
          kind, is_interleaved, (const uint8_t *)weight + j * bytes_of(kind, n), width, &part, rows, n,
          bias ? bias + j : NULL, y + t * y_row + j, y_row);
    }
  }
}

#define PANELS(name, kind, is_interleaved)                                                                      \
  void ckernels_avx2_##name(                                                                                    \
      const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n,               \
      const float *bias, float *y, size_t y_row) {                                                              \
    product(kind, is_interleaved, weight, weight_rows, x, x_rows, n, bias, y, y_row);                           \
  }
PANELS(panels_q8_0, kQ8_0, false)
PANELS(panels_q4_0, kQ4_0, false)
PANELS(panels_q4_k, kQ4_K, false)
PANELS(panels_q6_k, kQ6_K, false)
PANELS(interleaved_panels_q8_0, kQ8_0, true)
PANELS(interleaved_panels_q4_0, kQ4_0, true)
#pragma clang attribute pop
#endif
