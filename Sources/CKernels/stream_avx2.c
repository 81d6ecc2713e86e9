// Products of few rows of activations with quantised weights for x86-64 with AVX2 and FMA, as when decoding: the time
// goes into reading the weight, which is read once, from its first byte to its last.
#if defined(__x86_64__)
#include <immintrin.h>

#include "formats.h"
#include "quantized.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum {
  kGroup = 8,        // blocks of 32 that share the arithmetic on scales: a vector of them
  kGroups = 40,      // groups of a row that are multiplied at a time: 10240 weights
  kPrefetch = 2048,  // bytes from what is being read to what is asked for
};

typedef enum { kQ8_0, kQ4_0 } stream_kind;

static inline size_t bytes_of_block(const stream_kind kind) {
  return kind == kQ8_0 ? sizeof(block_q8_0) : sizeof(block_q4_0);
}

// The activations that meet a group, filled up with zeros behind the end of a row.
typedef struct {
  __m256i q[kGroup];  // q4_0: of each pair of blocks the first halves, then the second ones
  __m256 scale;
  __m256i offset;  // −8 · sum of the q
} group_activations;

// Where a group's vectors hold the numbers of a block. The sums of q4_0's blocks come out in this order; q8_0 takes them
// one by one.
static inline size_t lane_of(const stream_kind kind, size_t block) {
  return kind == kQ8_0 ? block : block / 2 + kGroup / 2 * (block % 2);
}

static void gather_group(
    const stream_kind kind, const ckernels_q8_rows *x, size_t block, size_t count, group_activations *group) {
  int8_t q[kGroup][32] = {0};
  float scale[kGroup] = {0};
  int32_t offset[kGroup] = {0};
  for (size_t i = 0; i < count; i++) {
    const int8_t *const source = x->q + 32 * (block + i);
    if (kind == kQ8_0) {
      memcpy(q[i], source, 32);
    } else {
      memcpy(q[i & ~(size_t)1] + 16 * (i % 2), source, 16);
      memcpy(q[i | 1] + 16 * (i % 2), source + 16, 16);
    }
    const size_t lane = lane_of(kind, i);
    scale[lane] = x->scale[block + i];
    offset[lane] = (int16_t)x->offset[block + i];
  }
  memcpy(group->q, q, sizeof q);
  group->scale = _mm256_loadu_ps(scale);
  group->offset = _mm256_loadu_si256((const __m256i *)offset);
}

// The scales of a group, by the integer units, which have little else to do.
static inline __m256 scales_of(const stream_kind kind, const uint8_t *blocks) {
  uint64_t four[2] = {0, 0};
  for (size_t i = 0; i < kGroup; i++) {
    uint16_t bits;
    memcpy(&bits, blocks + i * bytes_of_block(kind), 2);
    const size_t lane = lane_of(kind, i);
    four[lane / 4] |= (uint64_t)bits << 16 * (lane % 4);
  }
  return _mm256_cvtph_ps(_mm_set_epi64x((long long)four[1], (long long)four[0]));
}

static inline float sum8(__m256 v) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
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

// Four vectors of int16, the first half of each of one block and the second of another: each block's eight added up in
// pairs twice, which leaves two, at most 8·2·2·15·127 / 2 = 30480, beside those of the other blocks. Shuffles and
// additions, since the units that multiply are the ones that are busy.
static inline __m256i sums_of_quarters(const __m256i v[4]) {
  const __m256i a = _mm256_add_epi16(_mm256_unpacklo_epi64(v[0], v[1]), _mm256_unpackhi_epi64(v[0], v[1]));
  const __m256i b = _mm256_add_epi16(_mm256_unpacklo_epi64(v[2], v[3]), _mm256_unpackhi_epi64(v[2], v[3]));
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

// Adds the product of one row of the weight, from some block on, with `rows` rows of activations.
static inline __attribute__((always_inline)) void stream_row(
    const stream_kind kind, const int rows, const uint8_t *weight, size_t blocks, const group_activations *x, float *y,
    size_t y_row) {
  const size_t stride = bytes_of_block(kind);
  // Two sums of products; q4_0 has one.
  __m256 first[ckernels_few_rows] = {}, second[ckernels_few_rows] = {};
  for (size_t b = 0; b < blocks; b += kGroup, x++, weight += kGroup * stride) {
    const uint8_t *group = weight;
    uint8_t last[kGroup * sizeof(block_q8_0)] = {0};
    if (blocks - b < kGroup) {
      memcpy(last, weight, (blocks - b) * stride);
      group = last;
    }
    for (size_t line = 0; line < kGroup * stride; line += 64) _mm_prefetch(weight + kPrefetch + line, _MM_HINT_T0);
    if (kind == kQ8_0) {
      add_group_q8_0(rows, group, x, first, second);
    } else {
      add_group_q4_0(rows, group, x, first);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    y[(size_t)r * y_row] += sum8(_mm256_add_ps(first[r], second[r]));
  }
}

static inline __attribute__((always_inline)) void stream(
    const stream_kind kind, const uint8_t *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows,
    size_t n, const float *bias, float *y, size_t y_row) {
  const size_t blocks = n / 32;
  for (size_t t = 0; t < x_rows; t++) {
    for (size_t j = 0; j < weight_rows; j++) y[t * y_row + j] = bias ? bias[j] : 0;
  }
  group_activations gathered[ckernels_few_rows * kGroups];
  for (size_t b = 0; b < blocks; b += kGroup * kGroups) {
    const size_t count = blocks - b < kGroup * kGroups ? blocks - b : kGroup * kGroups;
    for (size_t t = 0; t < x_rows; t++) {
      for (size_t i = 0; i < count; i += kGroup) {
        const size_t here = count - i < kGroup ? count - i : kGroup;
        gather_group(kind, x, t * blocks + b + i, here, &gathered[t * kGroups + i / kGroup]);
      }
    }
    const uint8_t *row = weight + b * bytes_of_block(kind);
    for (size_t j = 0; j < weight_rows; j++, row += blocks * bytes_of_block(kind)) {
      switch (x_rows) {
        case 1: stream_row(kind, 1, row, count, gathered, y + j, y_row); break;
        case 2: stream_row(kind, 2, row, count, gathered, y + j, y_row); break;
        case 3: stream_row(kind, 3, row, count, gathered, y + j, y_row); break;
        default: stream_row(kind, 4, row, count, gathered, y + j, y_row);
      }
    }
  }
}

void ckernels_avx2_stream_q8_0(
    const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias,
    float *y, size_t y_row) {
  stream(kQ8_0, weight, weight_rows, x, x_rows, n, bias, y, y_row);
}

void ckernels_avx2_stream_q4_0(
    const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n, const float *bias,
    float *y, size_t y_row) {
  stream(kQ4_0, weight, weight_rows, x, x_rows, n, bias, y, y_row);
}
#pragma clang attribute pop
#endif
