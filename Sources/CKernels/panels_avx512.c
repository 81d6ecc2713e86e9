// Products with quantised weights for x86-64 with AVX-512 VNNI. vpdpbusd adds four products of unsigned and signed bytes
// to an int32 in one instruction.
//
// Two groups of 16 rows of the weight, a lane for each row, meet up to 6 rows of activations at a time: an activation that
// is broadcast serves 32 rows, and the integer sums and the totals, 24 registers, leave room for what they are made of.
// Weights in groups of rows are read where they lie; of others a few blocks of 32 rows are laid out so first. What makes
// quants unsigned is taken off before: 8·Σx for q4_0, 128·Σx for q8_0, 32·Σx of each half of a block for q6_k.
#if defined(__x86_64__)
#include <stdbool.h>

#include "panels_avx2.h"
#include "registers_avx512.h"
#include "by_hand.h"

_Static_assert(ckernels_interleaved_rows == 16 && kPanelRows == 16, "a lane for each row");
_Static_assert(
    sizeof(panel_block) % 64 == 0 && offsetof(panel_block, scales) % 64 == 0 && sizeof(weight_panel) % 64 == 0,
    "aligned as a register");

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c"))), apply_to = function)

enum {
  kLanes = 16,
  kRows = 32,                         // rows of the weight in a tile
  kColumns = 6,                       // rows of activations in it, its columns
  kFewRows = ckernels_few_rows,       // those that take less time than reading the weight from memory
  kPartRows = ckernels_product_rows,  // those whose results are kept at a time, 64 kB
  kPrefetch = 8192,                   // bytes of a group from what is being read to what is asked for
};

// For each row of activations what a block's sum begins with, for q6_k that of each half; for q4_k, whose sums begin with
// 0, what the minima are multiplied with.
typedef int32_t row_starts[2 * kPanelBlocks];

// Where 32 columns of y are added up: from bias or nothing, in `totals` between the parts of a sum, rows of 32 numbers
// without a gap, and at last in y, whose rows may lie pages apart.
typedef struct {
  bool first, last;  // of the parts
  __m512 start[2];
  float *totals;
  float *y;
  size_t y_row;
  __mmask16 lanes[2];  // those of y
} results;

// Two groups of rows: from some block on where they lie, or as panels.
typedef struct {
  row_group groups[2];
  const weight_panel *panels[2];
} two_groups;

static inline __m512 floats_of(const half_t *scales) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)scales));
}

// Asks memory for what is needed next, rows of `row_bytes` bytes, in equal parts with each of `steps` blocks that are
// multiplied: a processor has some twenty lines on their way at a time, and stands still for one more.
typedef struct {
  const uint8_t *line, *row_end;
  size_t row_bytes, stride, lines, steps, due;
} fetching;

static inline fetching fetching_of(const uint8_t *start, size_t rows, size_t row_bytes, size_t stride, size_t steps) {
  return (fetching){start, start + row_bytes, row_bytes, stride, rows * ((row_bytes + 63) / 64), steps, 0};
}

static inline __attribute__((always_inline)) void fetch(fetching *next) {
  for (next->due += next->lines; next->due >= next->steps; next->due -= next->steps) {
    _mm_prefetch(next->line, _MM_HINT_T0);
    next->line += 64;
    if (next->line < next->row_end) continue;
    next->row_end += next->stride;
    next->line = next->row_end - next->row_bytes;
  }
}

// Adds the products of 4 bytes of each row of the weight with 4 of each of the columns. Of pointers to the first and the
// fourth column all others are within reach of one address.
static inline __attribute__((always_inline)) void add_step(
    const int columns, const __m512i w[2], const int8_t *q, const int8_t *q3, size_t n, __m512i sums[kColumns][2]) {
#pragma clang loop unroll(full)
  for (int c = 0; c < columns; c++) {
    int32_t four;
    memcpy(&four, c < 3 ? q + (size_t)c * n : q3 + (size_t)(c - 3) * n, 4);
    const __m512i activations = _mm512_set1_epi32(four);
    sums[c][0] = _mm512_dpbusd_epi32(sums[c][0], w[0], activations);
    sums[c][1] = _mm512_dpbusd_epi32(sums[c][1], w[1], activations);
  }
}

// The steps from `first` on of a block, as many as `count`.
static inline __attribute__((always_inline)) void add_steps(
    const block_kind kind, const bool is_interleaved, const int columns, const uint8_t *const quants[2], size_t first,
    size_t count, const int8_t *q, size_t n, __m512i sums[kColumns][2]) {
  const __m512i low = _mm512_set1_epi8(15), sign = _mm512_set1_epi8((char)0x80);
  const bool has_pairs = kind == kQ4_0 && is_interleaved;
  const int8_t *q3 = q + 3 * n;
#pragma clang loop unroll(full)
  for (size_t s = first; s < first + (has_pairs ? count / 2 : count); s++, q += 4, q3 += 4) {
    // The compiler would keep a pointer for each column; of pointers that seem unrelated at every step it keeps two.
    __asm__("" : "+r"(q), "+r"(q3));
    __m512i w[2] = {_mm512_loadu_si512(quants[0] + 64 * s), _mm512_loadu_si512(quants[1] + 64 * s)};
    if (has_pairs) {
      const __m512i lows[2] = {_mm512_and_si512(w[0], low), _mm512_and_si512(w[1], low)};
      add_step(columns, lows, q, q3, n, sums);
      for (int g = 0; g < 2; g++) w[g] = _mm512_and_si512(_mm512_srli_epi16(w[g], 4), low);
      add_step(columns, w, q + 16, q3 + 16, n, sums);
      continue;
    }
    if (kind == kQ8_0) w[0] = _mm512_xor_si512(w[0], sign), w[1] = _mm512_xor_si512(w[1], sign);
    add_step(columns, w, q, q3, n, sums);
  }
}

// The integer products of a block of q6_k with all columns: each half's sums times its scale.
static inline __attribute__((always_inline)) void multiply_halves(
    const int columns, const two_groups *pair, const uint8_t *const quants[2], const int8_t *q,
    const row_starts *starts, size_t b, size_t n, __m512i sums[kColumns][2]) {
  __m512i first[kColumns][2];
#pragma clang loop unroll(full)
  for (size_t h = 0; h < 2; h++) {
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) sums[c][0] = sums[c][1] = _mm512_set1_epi32(starts[c][2 * b + h]);
    add_steps(kQ6_K, false, columns, quants, 4 * h, 4, q + 16 * h, n, sums);
#pragma clang loop unroll(full)
    for (int g = 0; g < 2; g++) {
      // The scale is there twice, as int16.
      const __m512i scale = _mm512_srai_epi32(_mm512_loadu_si512(pair->panels[g]->extras[b].half_scales[h]), 16);
#pragma clang loop unroll(full)
      for (int c = 0; c < columns; c++) {
        const __m512i products = _mm512_mullo_epi32(sums[c][g], scale);
        if (h == 0) first[c][g] = products;
        else sums[c][g] = _mm512_add_epi32(first[c][g], products);
      }
    }
  }
}

// The starts of `blocks` blocks: −128, −8 or −32 times the activations' sums.
static inline __attribute__((always_inline)) void find_starts(
    const block_kind kind, const int columns, const ckernels_q8_rows *x, size_t n, size_t blocks,
    row_starts starts[kColumns]) {
  const __m512i ones = _mm512_set1_epi8(1);
  for (int c = 0; c < columns; c++) {
    if (kind != kQ6_K) {
      // Of an int16 in the low half of a word.
      const __m512i words = _mm512_maskz_loadu_epi32(first_lanes(blocks), x->offset + (size_t)c * (n / 32));
      _mm512_storeu_si512(starts[c], _mm512_srai_epi32(_mm512_slli_epi32(words, 16), kind == kQ8_0 ? 12 : 16));
      continue;
    }
    for (size_t b = 0; b < blocks; b += 2) {
      // Each run of four words has the sums of 16 activations.
      const __m512i q = _mm512_loadu_si512(x->q + (size_t)c * n + 32 * b);
      __m512i sums = _mm512_dpbusd_epi32(_mm512_setzero_si512(), ones, q);
      sums = _mm512_add_epi32(sums, _mm512_shuffle_epi32(sums, _MM_PERM_BADC));
      sums = _mm512_add_epi32(sums, _mm512_shuffle_epi32(sums, _MM_PERM_CDAB));
      sums = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(sums, 5));
      const __m512i places = _mm512_castsi128_si512(_mm_setr_epi32(0, 4, 8, 12));
      _mm_storeu_si128(
          (__m128i *)(starts[c] + 2 * b), _mm512_castsi512_si128(_mm512_permutexvar_epi32(places, sums)));
    }
  }
}

// Adds the products of two groups with `columns` rows of activations to their results.
static inline __attribute__((always_inline)) void multiply_tile(
    const block_kind kind, const bool is_interleaved, const int columns, const two_groups *pair, size_t blocks,
    const ckernels_q8_rows *x, size_t n, const results *to, fetching *next) {
  row_starts starts[kColumns];
  find_starts(kind, columns, x, n, blocks, starts);
  __m512 all[kColumns][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < 2 * columns; i++) {
    all[i / 2][i % 2] = to->first ? to->start[i % 2] : _mm512_load_ps(to->totals + kLanes * i);
  }
  for (size_t b = 0; b < blocks; b++) {
    fetch(next);
    const uint8_t *quants[2];
    __m512 scales[2];
    for (int g = 0; g < 2; g++) {
      if (is_interleaved) {
        const group_block block = group_block_at(kind, pair->groups[g], b);
        quants[g] = block.quants;
        scales[g] = floats_of(block.scales);
      } else {
        // A byte for each quant.
        quants[g] = (const uint8_t *)pair->panels[g]->blocks[b].quants;
        scales[g] = _mm512_load_ps(pair->panels[g]->blocks[b].scales);
      }
    }
    __m512i sums[kColumns][2];
    if (kind == kQ6_K) {
      multiply_halves(columns, pair, quants, x->q + 32 * b, starts, b, n, sums);
    } else {
#pragma clang loop unroll(full)
      for (int c = 0; c < columns; c++) {
        sums[c][0] = sums[c][1] = kind == kQ4_K ? _mm512_setzero_si512() : _mm512_set1_epi32(starts[c][b]);
      }
      add_steps(kind, is_interleaved, columns, quants, 0, 8, x->q + 32 * b, n, sums);
    }
#pragma clang loop unroll(full)
    for (int g = 0; g < 2; g++) {
#pragma clang loop unroll(full)
      for (int c = 0; c < columns; c++) {
        const __m512 scale = _mm512_set1_ps(x->scale[(size_t)c * (n / 32) + b]);
        const __m512 products = _mm512_cvtepi32_ps(sums[c][g]);
        if (kind == kQ4_K) {
          const __m512 offset = _mm512_cvtepi32_ps(_mm512_set1_epi32(starts[c][b]));
          const __m512 minimum = _mm512_mul_ps(_mm512_loadu_ps(pair->panels[g]->extras[b].minima), offset);
          all[c][g] = _mm512_fmadd_ps(scale, _mm512_fmadd_ps(scales[g], products, minimum), all[c][g]);
        } else {
          all[c][g] = _mm512_fmadd_ps(_mm512_mul_ps(scales[g], scale), products, all[c][g]);
        }
      }
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 2 * columns; i++) {
    if (to->last) {
      float *const target = to->y + (size_t)(i / 2) * to->y_row + kLanes * (i % 2);
      _mm512_mask_storeu_ps(target, to->lanes[i % 2], all[i / 2][i % 2]);
    } else {
      _mm512_store_ps(to->totals + kLanes * i, all[i / 2][i % 2]);
    }
  }
}

static inline size_t tiles_of(size_t x_rows) { return (x_rows + kColumns - 1) / kColumns; }

// All rows of activations with two groups. Meanwhile `next` comes from memory.
static inline __attribute__((always_inline)) void multiply_pair(
    const block_kind kind, const bool is_interleaved, const two_groups *pair, size_t blocks, ckernels_q8_rows x,
    size_t x_rows, size_t n, results to, fetching *next) {
  // Tiles of nearly the same size: 8 rows take less time as two tiles of 4 than as 6 and 2.
  const size_t tiles = tiles_of(x_rows);
  for (size_t tile = 0; tile < tiles; tile++) {
    const size_t columns = (x_rows + tiles - tile - 1) / (tiles - tile);
#define TILE(count) multiply_tile(kind, is_interleaved, count, pair, blocks, &x, n, &to, next)
    switch (columns) {
      case 1: TILE(1); break;
      case 2: TILE(2); break;
      case 3: TILE(3); break;
      case 4: TILE(4); break;
      case 5: TILE(5); break;
      default: TILE(kColumns);
    }
#undef TILE
    x_rows -= columns;
    to.totals += columns * kRows;
    to.y += columns * to.y_row;
    x.q += columns * n;
    x.scale += columns * (n / 32);
    x.offset += columns * (n / 32);
  }
}

// `blocks` blocks of rows of the weight, to be fetched.
static inline fetching next_weights(
    const block_kind kind, const bool is_interleaved, const uint8_t *weight, size_t n, size_t first, size_t rows,
    size_t block, size_t blocks, size_t steps) {
  const size_t row_bytes = bytes_of(kind, n), bytes = bytes_of(kind, 32 * blocks);
  if (!is_interleaved) {
    return fetching_of(weight + first * row_bytes + bytes_of(kind, 32 * block), rows, bytes, row_bytes, steps);
  }
  const size_t groups = (rows + kLanes - 1) / kLanes;
  return fetching_of(
      group_at(kind, weight, n, first, block).start, groups, kLanes * bytes, kLanes * row_bytes, steps);
}

// The products of up to kPartRows rows of activations with up to two groups of the weight, from row `first` on.
static inline __attribute__((always_inline)) void multiply_rows(
    const block_kind kind, const bool is_interleaved, const uint8_t *weight, size_t weight_rows, size_t first,
    const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias, float *y, size_t y_row) {
  const size_t blocks = n / 32, row_bytes = bytes_of(kind, n);
  const size_t width = weight_rows - first < kRows ? weight_rows - first : kRows;
  // Where there is no second group the first takes its place, and nobody looks at what it gives.
  const size_t rows[2] = {first, width > kLanes ? first + kLanes : first};
  weight_panel panels[2] __attribute__((aligned(64)));
  uint8_t copy[kPanelRows * kPanelBlocks * sizeof(block_q8_0)];  // the largest blocks of 32
  float totals[kPartRows * kRows] __attribute__((aligned(64)));
  results to = {.totals = totals, .y = y + first, .y_row = y_row};
  for (size_t g = 0; g < 2; g++) {
    to.lanes[g] = first_lanes(width > kLanes * g ? width - kLanes * g : 0);
    to.start[g] = bias ? _mm512_maskz_loadu_ps(to.lanes[g], bias + first + kLanes * g) : _mm512_setzero_ps();
  }
  // Once at least: rows without a block give the bias.
  size_t b = 0, here;
  do {
    here = blocks - b < kPanelBlocks ? blocks - b : kPanelBlocks;
    const ckernels_q8_rows part = {x->q + 32 * b, x->scale + b, x->offset + b};
    two_groups pair;
    for (int g = 0; g < 2; g++) {
      if (is_interleaved) {
        pair.groups[g] = group_at(kind, weight, n, rows[g], b);
      } else {
        pack(kind, panel_rows(kind, weight, row_bytes, weight_rows, rows[g], b, here, copy), here, &panels[g]);
        pair.panels[g] = &panels[g];
      }
    }
    // The next blocks of these rows, or the first ones of those behind them.
    to.first = b == 0;
    to.last = b + here == blocks;
    const size_t next_first = to.last ? first + width : first, next_block = to.last ? 0 : b + here;
    const size_t left = blocks - next_block, next_rows = to.last ? weight_rows - next_first : width;
    fetching next = next_weights(
        kind, is_interleaved, weight, n, next_first, next_rows < kRows ? next_rows : kRows, next_block,
        left < kPanelBlocks ? left : kPanelBlocks, here * tiles_of(x_rows));
    multiply_pair(kind, is_interleaved, &pair, here, part, x_rows, n, to, &next);
    b += here;
  } while (b < blocks);
}

static inline __attribute__((always_inline)) void product(
    const block_kind kind, const bool is_interleaved, const void *weight, size_t weight_rows,
    const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias, float *y, size_t y_row) {
  for (size_t t = 0; t < x_rows; t += kPartRows) {
    const ckernels_q8_rows part = {x->q + t * n, x->scale + t * (n / 32), x->offset + t * (n / 32)};
    const size_t rows = x_rows - t < kPartRows ? x_rows - t : kPartRows;
    for (size_t j = 0; j < weight_rows; j += kRows) {
      multiply_rows(kind, is_interleaved, weight, weight_rows, j, &part, rows, n, bias, y + t * y_row, y_row);
    }
  }
}

// Adds the products of one group with `rows` rows of activations to `totals`. The weight is read from memory once, from
// its first byte to its last, which is what takes the time.
static inline __attribute__((always_inline)) void stream_group(
    const block_kind kind, const int rows, row_group group, const ckernels_q8_rows *x, size_t n,
    __m512 totals[kFewRows]) {
  const __m512i low = _mm512_set1_epi8(15), sign = _mm512_set1_epi8((char)0x80);
  // x->offset has an int16 in the low half of each word.
  const __m512i factor = _mm512_set1_epi32(kind == kQ8_0 ? 16 : 1);
  const size_t block_bytes = kLanes * bytes_of(kind, 32);
  for (size_t b = 0; b < n / 32; b++) {
    const group_block block = group_block_at(kind, group, b);
    const uint8_t *const ahead = group.start + b * block_bytes + kPrefetch;
    for (size_t line = 0; line < block_bytes; line += 64) _mm_prefetch(ahead + line, _MM_HINT_T0);
    __m512i w[8];
#pragma clang loop unroll(full)
    for (size_t s = 0; s < (kind == kQ8_0 ? 8 : 4); s++) {
      const __m512i quants = _mm512_loadu_si512(block.quants + 64 * s);
      w[s] = kind == kQ8_0 ? _mm512_xor_si512(quants, sign) : _mm512_and_si512(quants, low);
      if (kind == kQ4_0) w[s + 4] = _mm512_and_si512(_mm512_srli_epi16(quants, 4), low);
    }
    const __m512 scales = floats_of(block.scales);
#pragma clang loop unroll(full)
    for (int t = 0; t < rows; t++) {
      const size_t at = (size_t)t * (n / 32) + b;
      // Two chains of instructions, so that one need not wait for the other.
      const __m512i offset = _mm512_set1_epi32((int32_t)x->offset[at]), zero = _mm512_setzero_si512();
      __m512i products[2] = {_mm512_dpwssd_epi32(zero, offset, factor), zero};
#pragma clang loop unroll(full)
      for (size_t s = 0; s < 8; s++) {
        int32_t four;
        memcpy(&four, x->q + 32 * at + 4 * s, 4);
        products[s % 2] = _mm512_dpbusd_epi32(products[s % 2], w[s], _mm512_set1_epi32(four));
      }
      const __m512 sum = _mm512_cvtepi32_ps(_mm512_add_epi32(products[0], products[1]));
      totals[t] = _mm512_fmadd_ps(_mm512_mul_ps(scales, _mm512_set1_ps(x->scale[at])), sum, totals[t]);
    }
  }
}

static inline __attribute__((always_inline)) void stream(
    const block_kind kind, const int rows, const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t n,
    const float *bias, float *y, size_t y_row) {
  for (size_t j = 0; j < weight_rows; j += kLanes) {
    const __mmask16 lanes = first_lanes(weight_rows - j);
    __m512 totals[kFewRows];
    for (int t = 0; t < rows; t++) totals[t] = bias ? _mm512_maskz_loadu_ps(lanes, bias + j) : _mm512_setzero_ps();
    stream_group(kind, rows, group_at(kind, weight, n, j, 0), x, n, totals);
    for (int t = 0; t < rows; t++) _mm512_mask_storeu_ps(y + (size_t)t * y_row + j, lanes, totals[t]);
  }
}

#define PANELS(type, kind)                                                                                 \
  void ckernels_avx512_panels_##type(                                                                      \
      const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n,          \
      const float *bias, float *y, size_t y_row) {                                                         \
    product(kind, false, weight, weight_rows, x, x_rows, n, bias, y, y_row);                               \
  }
PANELS(q8_0, kQ8_0)
PANELS(q4_0, kQ4_0)
PANELS(q4_k, kQ4_K)
PANELS(q6_k, kQ6_K)

#define GROUPS(type, kind)                                                                                 \
  void ckernels_avx512_interleaved_##type(                                                                 \
      const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n,          \
      const float *bias, float *y, size_t y_row) {                                                         \
    switch (x_rows) {                                                                                      \
      case 1: stream(kind, 1, weight, weight_rows, x, n, bias, y, y_row); break;                           \
      case 2: stream(kind, 2, weight, weight_rows, x, n, bias, y, y_row); break;                           \
      case 3: stream(kind, 3, weight, weight_rows, x, n, bias, y, y_row); break;                           \
      case kFewRows: stream(kind, kFewRows, weight, weight_rows, x, n, bias, y, y_row); break;             \
      default: product(kind, true, weight, weight_rows, x, x_rows, n, bias, y, y_row);                     \
    }                                                                                                      \
  }
GROUPS(q8_0, kQ8_0)
GROUPS(q4_0, kQ4_0)
#pragma clang attribute pop
#endif
