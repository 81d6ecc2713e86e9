// Products of many rows of activations with q8_0 and q4_0 weights for x86-64 with AVX2 and FMA.
//
// A panel holds a few rows of the weight, interleaved: 4 consecutive quants of the first row, of the second, …, one
// register for 8 rows. All activations meet a panel while it is in the first-level cache. vpmaddubsw multiplies
// unsigned by signed bytes and adds pairs in int16; with weights below 16 the eight steps of a block fit there,
// 16·15·127 = 30480. So q4_0 is multiplied as it is and q8_0 in two halves, w + 128 = 16·high + low. What makes the
// weights unsigned, 8·Σx, is taken off before the first step, and stays in int16 at every step: each of the 32 products
// is then one of a weight between −8 and 7, whether it was added already or not.
#if defined(__x86_64__)
#include <immintrin.h>

#include "formats.h"
#include "quantized.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum {
  kColumns = 6,       // rows of activations, columns of a tile of the result, that meet the panel at a time
  kPanelBlocks = 16,  // blocks along the rows in a panel: 17 kB
};

// One block of a panel: two vectors for each of 8 steps of 4 quants. q4_0: 8 rows, then 8 more. q8_0: the low and the
// high halves of 8 rows.
typedef struct {
  __m256i quants[8][2];
  __m256 scales[2];
} panel_block;

typedef enum { kNibbles, kBytes } panel_kind;

// Eight halves, `stride` bytes apart from one to the next, as floats.
static inline __m256 scales_of(const uint8_t *const rows[8], size_t offset) {
  uint16_t bits[8];
  for (int r = 0; r < 8; r++) memcpy(&bits[r], rows[r] + offset, 2);
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)bits));
}

// Transposes 4 numbers of 32 bits from each of 8 rows: out[s] holds number s of all rows.
static inline void transpose_quarters(const uint8_t *const rows[8], size_t offset, __m256i out[4]) {
  __m256i pairs[4];
  for (int r = 0; r < 4; r++) {
    pairs[r] = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(rows[r] + offset))),
        _mm_loadu_si128((const __m128i *)(rows[r + 4] + offset)), 1);
  }
  const __m256i a = _mm256_unpacklo_epi32(pairs[0], pairs[1]), b = _mm256_unpackhi_epi32(pairs[0], pairs[1]);
  const __m256i c = _mm256_unpacklo_epi32(pairs[2], pairs[3]), d = _mm256_unpackhi_epi32(pairs[2], pairs[3]);
  out[0] = _mm256_unpacklo_epi64(a, c);
  out[1] = _mm256_unpackhi_epi64(a, c);
  out[2] = _mm256_unpacklo_epi64(b, d);
  out[3] = _mm256_unpackhi_epi64(b, d);
}

static inline void pack_nibbles(const uint8_t *const rows[16], size_t blocks, panel_block *panel) {
  const __m256i low = _mm256_set1_epi8(15);
  for (size_t b = 0; b < blocks; b++, panel++) {
    const size_t offset = b * sizeof(block_q4_0);
    for (int half = 0; half < 2; half++) {
      __m256i steps[4];
      transpose_quarters(rows + 8 * half, offset + 2, steps);
      for (int s = 0; s < 4; s++) {
        panel->quants[s][half] = _mm256_and_si256(steps[s], low);
        panel->quants[s + 4][half] = _mm256_and_si256(_mm256_srli_epi16(steps[s], 4), low);
      }
      panel->scales[half] = scales_of(rows + 8 * half, offset);
    }
  }
}

static inline void pack_bytes(const uint8_t *const rows[8], size_t blocks, panel_block *panel) {
  const __m256i low = _mm256_set1_epi8(15), offset128 = _mm256_set1_epi8((char)0x80);
  for (size_t b = 0; b < blocks; b++, panel++) {
    const size_t offset = b * sizeof(block_q8_0);
    for (int half = 0; half < 2; half++) {
      __m256i steps[4];
      transpose_quarters(rows, offset + 2 + 16 * (size_t)half, steps);
      for (int s = 0; s < 4; s++) {
        const __m256i shifted = _mm256_xor_si256(steps[s], offset128);
        panel->quants[4 * half + s][0] = _mm256_and_si256(shifted, low);
        panel->quants[4 * half + s][1] = _mm256_and_si256(_mm256_srli_epi16(shifted, 4), low);
      }
    }
    panel->scales[0] = scales_of(rows, offset);
  }
}

// Adds the panel's products with `columns` rows of activations to their rows of `totals`.
static inline __attribute__((always_inline)) void multiply_tile(
    const panel_kind kind, const int columns, const panel_block *panel, size_t blocks, const ckernels_q8_rows *x,
    size_t n, float *totals, size_t totals_row) {
  const __m256i ones = _mm256_set1_epi16(1), sixteens = _mm256_set1_epi16(16);
  for (size_t b = 0; b < blocks; b++, panel++) {
    __m256i sums[kColumns][2];
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
      const __m256i offset = _mm256_set1_epi32((int32_t)x->offset[(size_t)c * (n / 32) + b]);
      sums[c][0] = kind == kNibbles ? offset : _mm256_setzero_si256();
      sums[c][1] = offset;
    }
// Unrolled, the compiler would reorder the steps and run out of registers.
#pragma clang loop unroll(disable)
    for (int s = 0; s < 8; s++) {
      const __m256i w0 = panel->quants[s][0], w1 = panel->quants[s][1];
#pragma clang loop unroll(full)
      for (int c = 0; c < columns; c++) {
        int32_t four;
        memcpy(&four, x->q + (size_t)c * n + 32 * b + 4 * s, 4);
        const __m256i q = _mm256_set1_epi32(four);
        sums[c][0] = _mm256_add_epi16(sums[c][0], _mm256_maddubs_epi16(w0, q));
        sums[c][1] = _mm256_add_epi16(sums[c][1], _mm256_maddubs_epi16(w1, q));
      }
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
      const size_t block = (size_t)c * (n / 32) + b;
      float *const target = totals + (size_t)c * totals_row;
      const __m256 scale = _mm256_set1_ps(x->scale[block]);
      if (kind == kNibbles) {
        for (int half = 0; half < 2; half++) {
          const __m256i p = _mm256_madd_epi16(sums[c][half], ones);
          const __m256 total = _mm256_fmadd_ps(
              _mm256_mul_ps(panel->scales[half], scale), _mm256_cvtepi32_ps(p), _mm256_loadu_ps(target + 8 * half));
          _mm256_storeu_ps(target + 8 * half, total);
        }
      } else {
        const __m256i p = _mm256_add_epi32(
            _mm256_madd_epi16(sums[c][0], ones), _mm256_madd_epi16(sums[c][1], sixteens));
        const __m256 total = _mm256_fmadd_ps(
            _mm256_mul_ps(panel->scales[0], scale), _mm256_cvtepi32_ps(p), _mm256_loadu_ps(target));
        _mm256_storeu_ps(target, total);
      }
    }
  }
}

static inline __attribute__((always_inline)) void multiply_panel(
    const panel_kind kind, const panel_block *panel, size_t blocks, ckernels_q8_rows x, size_t x_rows, size_t n,
    float *y, size_t y_row, size_t width) {
  const size_t lanes = kind == kNibbles ? 16 : 8;
  for (size_t t = 0; t < x_rows; t += kColumns, y += kColumns * y_row) {
    const size_t columns = x_rows - t < kColumns ? x_rows - t : kColumns;
    // In one place while the blocks are added up; at the weight's edge also the only place with room for all lanes.
    float totals[kColumns * 16] __attribute__((aligned(32)));
    for (size_t c = 0; c < columns; c++) memcpy(totals + c * lanes, y + c * y_row, width * sizeof(float));
    switch (columns) {
      case 1: multiply_tile(kind, 1, panel, blocks, &x, n, totals, lanes); break;
      case 2: multiply_tile(kind, 2, panel, blocks, &x, n, totals, lanes); break;
      case 3: multiply_tile(kind, 3, panel, blocks, &x, n, totals, lanes); break;
      case 4: multiply_tile(kind, 4, panel, blocks, &x, n, totals, lanes); break;
      case 5: multiply_tile(kind, 5, panel, blocks, &x, n, totals, lanes); break;
      default: multiply_tile(kind, kColumns, panel, blocks, &x, n, totals, lanes);
    }
    for (size_t c = 0; c < columns; c++) memcpy(y + c * y_row, totals + c * lanes, width * sizeof(float));
    x.q += kColumns * n;
    x.scale += kColumns * (n / 32);
    x.offset += kColumns * (n / 32);
  }
}

static inline __attribute__((always_inline)) void product(
    const panel_kind kind, const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n,
    const float *bias, float *y, size_t y_row) {
  const size_t block_bytes = kind == kNibbles ? sizeof(block_q4_0) : sizeof(block_q8_0);
  const size_t blocks = n / 32, row_bytes = blocks * block_bytes, lanes = kind == kNibbles ? 16 : 8;
  panel_block panel[kPanelBlocks];
  for (size_t t = 0; t < x_rows; t++) {
    for (size_t j = 0; j < weight_rows; j++) y[t * y_row + j] = bias ? bias[j] : 0;
  }
  // The outer loop over blocks, so that the activations' part stays in the second-level cache for all panels.
  for (size_t b = 0; b < blocks; b += kPanelBlocks) {
    const size_t here = blocks - b < kPanelBlocks ? blocks - b : kPanelBlocks;
    for (size_t j = 0; j < weight_rows; j += lanes) {
      const size_t width = weight_rows - j < lanes ? weight_rows - j : lanes;
      const uint8_t *rows[16];
      for (size_t r = 0; r < lanes; r++) {
        // Lanes beyond the last row repeat it, and nobody looks at what they give.
        const size_t row = j + (r < width ? r : width - 1);
        rows[r] = (const uint8_t *)weight + row * row_bytes + b * block_bytes;
      }
      if (kind == kNibbles) {
        pack_nibbles(rows, here, panel);
      } else {
        pack_bytes(rows, here, panel);
      }
      const ckernels_q8_rows part = {x->q + 32 * b, x->scale + b, x->offset + b};
      multiply_panel(kind, panel, here, part, x_rows, n, y + j, y_row, width);
    }
  }
}

void ckernels_avx2_panels_q8_0(
    const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias,
    float *y, size_t y_row) {
  product(kBytes, weight, weight_rows, x, x_rows, n, bias, y, y_row);
}

void ckernels_avx2_panels_q4_0(
    const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias,
    float *y, size_t y_row) {
  product(kNibbles, weight, weight_rows, x, x_rows, n, bias, y, y_row);
}
#pragma clang attribute pop
#endif
