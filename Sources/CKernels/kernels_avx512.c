// x86-64 with AVX-512 VNNI: as with AVX2, but for the products of many rows of activations with q8_0 and q4_0 weights.
// vpdpbusd adds four products of unsigned and signed bytes to an int32 in one instruction.
//
// A panel holds 16 rows of the weight, interleaved: 4 consecutive quants of the first row, of the second, …, one
// register for all of them. What makes the quants unsigned, 8·Σx for q4_0 and 128·Σx for q8_0, is taken off first.
#if defined(__x86_64__)
#include <immintrin.h>

#include "formats.h"
#include "quantized.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c"))), apply_to = function)

enum {
  kLanes = 16,
  kColumns = 12,      // rows of activations, columns of a tile of the result, that meet the panel at a time
  kPanelBlocks = 32,  // blocks along the rows in a panel: 18 kB
};

typedef struct {
  __m512i quants[8];
  __m512 scales;
} panel_block;

typedef enum { kNibbles, kBytes } panel_kind;

// Number `s` of 16 bytes from each of the 16 rows, four bytes a number.
static inline __m512i words_of(const uint8_t *const rows[kLanes], size_t offset) {
  uint32_t words[kLanes];
  for (int r = 0; r < kLanes; r++) memcpy(&words[r], rows[r] + offset, 4);
  return _mm512_loadu_si512(words);
}

static inline void pack(const panel_kind kind, const uint8_t *const rows[kLanes], size_t blocks, panel_block *panel) {
  const size_t stride = kind == kNibbles ? sizeof(block_q4_0) : sizeof(block_q8_0);
  const __m512i low = _mm512_set1_epi8(15), sign = _mm512_set1_epi8((char)0x80);
  for (size_t b = 0; b < blocks; b++, panel++) {
    uint16_t bits[kLanes];
    for (int r = 0; r < kLanes; r++) memcpy(&bits[r], rows[r] + b * stride, 2);
    panel->scales = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)bits));
    for (size_t s = 0; s < 4; s++) {
      const __m512i words = words_of(rows, b * stride + 2 + 4 * s);
      if (kind == kNibbles) {
        panel->quants[s] = _mm512_and_si512(words, low);
        panel->quants[s + 4] = _mm512_and_si512(_mm512_srli_epi16(words, 4), low);
      } else {
        panel->quants[s] = _mm512_xor_si512(words, sign);
        panel->quants[s + 4] = _mm512_xor_si512(words_of(rows, b * stride + 2 + 16 + 4 * s), sign);
      }
    }
  }
}

// The same of a group of 16 rows, which has the panel's order already.
static inline void pack_group(const panel_kind kind, const uint8_t *group, size_t blocks, panel_block *panel) {
  const __m512i low = _mm512_set1_epi8(15), sign = _mm512_set1_epi8((char)0x80);
  for (size_t b = 0; b < blocks; b++, panel++) {
    if (kind == kNibbles) {
      const interleaved_q4_0 *const source = (const interleaved_q4_0 *)group + b;
      panel->scales = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)source->d));
      for (size_t s = 0; s < 4; s++) {
        const __m512i pairs = _mm512_loadu_si512(source->q[s]);
        panel->quants[s] = _mm512_and_si512(pairs, low);
        panel->quants[s + 4] = _mm512_and_si512(_mm512_srli_epi16(pairs, 4), low);
      }
    } else {
      const interleaved_q8_0 *const source = (const interleaved_q8_0 *)group + b;
      panel->scales = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)source->d));
      for (size_t s = 0; s < 8; s++) panel->quants[s] = _mm512_xor_si512(_mm512_loadu_si512(source->q[s]), sign);
    }
  }
}

// Adds the panel's products with `columns` rows of activations to the first lanes of their rows of y.
static inline __attribute__((always_inline)) void multiply_tile(
    const panel_kind kind, const int columns, const panel_block *panel, size_t blocks, const ckernels_q8_rows *x,
    size_t n, float *y, size_t y_row, __mmask16 lanes) {
  __m512 totals[kColumns];
#pragma clang loop unroll(full)
  for (int c = 0; c < columns; c++) totals[c] = _mm512_maskz_loadu_ps(lanes, y + (size_t)c * y_row);
  for (size_t b = 0; b < blocks; b++, panel++) {
    __m512i sums[kColumns];
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
      const int32_t offset = (int16_t)x->offset[(size_t)c * (n / 32) + b];
      sums[c] = _mm512_set1_epi32(kind == kNibbles ? offset : 16 * offset);
    }
#pragma clang loop unroll(disable)
    for (int s = 0; s < 8; s++) {
      const __m512i w = panel->quants[s];
#pragma clang loop unroll(full)
      for (int c = 0; c < columns; c++) {
        int32_t four;
        memcpy(&four, x->q + (size_t)c * n + 32 * b + 4 * (size_t)s, 4);
        sums[c] = _mm512_dpbusd_epi32(sums[c], w, _mm512_set1_epi32(four));
      }
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
      const __m512 scale = _mm512_set1_ps(x->scale[(size_t)c * (n / 32) + b]);
      totals[c] = _mm512_fmadd_ps(_mm512_mul_ps(panel->scales, scale), _mm512_cvtepi32_ps(sums[c]), totals[c]);
    }
  }
#pragma clang loop unroll(full)
  for (int c = 0; c < columns; c++) _mm512_mask_storeu_ps(y + (size_t)c * y_row, lanes, totals[c]);
}

static inline __attribute__((always_inline)) void multiply_panel(
    const panel_kind kind, const panel_block *panel, size_t blocks, ckernels_q8_rows x, size_t x_rows, size_t n,
    float *y, size_t y_row, __mmask16 lanes) {
  while (x_rows > 0) {
    const size_t columns = x_rows >= kColumns ? kColumns : x_rows >= 4 ? 4 : 1;
    if (columns == kColumns) {
      multiply_tile(kind, kColumns, panel, blocks, &x, n, y, y_row, lanes);
    } else if (columns == 4) {
      multiply_tile(kind, 4, panel, blocks, &x, n, y, y_row, lanes);
    } else {
      multiply_tile(kind, 1, panel, blocks, &x, n, y, y_row, lanes);
    }
    x_rows -= columns;
    x.q += columns * n;
    x.scale += columns * (n / 32);
    x.offset += columns * (n / 32);
    y += columns * y_row;
  }
}

static inline __attribute__((always_inline)) void product(
    const panel_kind kind, const bool is_interleaved, const void *weight, size_t weight_rows,
    const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias, float *y, size_t y_row) {
  const size_t block_bytes = kind == kNibbles ? sizeof(block_q4_0) : sizeof(block_q8_0);
  const size_t blocks = n / 32, row_bytes = blocks * block_bytes;
  panel_block panel[kPanelBlocks];
  for (size_t t = 0; t < x_rows; t++) {
    for (size_t j = 0; j < weight_rows; j++) y[t * y_row + j] = bias ? bias[j] : 0;
  }
  // The outer loop over blocks, so that the activations' part stays in the second-level cache for all panels.
  for (size_t b = 0; b < blocks; b += kPanelBlocks) {
    const size_t here = blocks - b < kPanelBlocks ? blocks - b : kPanelBlocks;
    for (size_t j = 0; j < weight_rows; j += kLanes) {
      const size_t width = weight_rows - j < kLanes ? weight_rows - j : kLanes;
      if (is_interleaved) {
        pack_group(kind, (const uint8_t *)weight + j * row_bytes + kLanes * b * block_bytes, here, panel);
      } else {
        const uint8_t *rows[kLanes];
        for (size_t r = 0; r < kLanes; r++) {
          // Lanes beyond the last row repeat it, and nobody looks at what they give.
          const size_t row = j + (r < width ? r : width - 1);
          rows[r] = (const uint8_t *)weight + row * row_bytes + b * block_bytes;
        }
        pack(kind, rows, here, panel);
      }
      const ckernels_q8_rows part = {x->q + 32 * b, x->scale + b, x->offset + b};
      multiply_panel(kind, panel, here, part, x_rows, n, y + j, y_row, (__mmask16)((1u << width) - 1));
    }
  }
}

#define PRODUCT(name, few, kind, is_interleaved)                                                        \
  static void name(                                                                                     \
      const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n,       \
      const float *bias, float *y, size_t y_row) {                                                      \
    if (x_rows <= ckernels_few_rows) {                                                                  \
      few(weight, weight_rows, x, x_rows, n, bias, y, y_row);                                           \
    } else {                                                                                            \
      product(kind, is_interleaved, weight, weight_rows, x, x_rows, n, bias, y, y_row);                 \
    }                                                                                                   \
  }
PRODUCT(product_q8_0, ckernels_avx2_stream_q8_0, kBytes, false)
PRODUCT(product_q4_0, ckernels_avx2_stream_q4_0, kNibbles, false)
PRODUCT(interleaved_q8_0_product, ckernels_avx2_interleaved_stream_q8_0, kBytes, true)
PRODUCT(interleaved_q4_0_product, ckernels_avx2_interleaved_stream_q4_0, kNibbles, true)
#pragma clang attribute pop

const ckernels_table *ckernels_avx512(void) {
  static ckernels_table table;
  table = *ckernels_avx2();
  table.name = "avx512";
  table.product_q8_0 = product_q8_0;
  table.product_q4_0 = product_q4_0;
  table.interleaved_q8_0 = interleaved_q8_0_product;
  table.interleaved_q4_0 = interleaved_q4_0_product;
  return &table;
}
#endif
