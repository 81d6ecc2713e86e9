// Products of few rows of activations with quantised weights for x86-64 with AVX2 and FMA, as when decoding: the time
// goes into reading the weight, which is read once, from its first byte to its last.
#if defined(__x86_64__)
#include "stream_avx2.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum { kPrefetch = 2048 };  // bytes from what is being read to what is asked for

static inline __attribute__((always_inline)) void gather_group(
    const block_kind kind, const int8_t *q, const float *scale, const uint32_t *offset, group_activations *group) {
  __m256i blocks[kGroup];
  memcpy(blocks, q, sizeof blocks);
  // Of each word the low half, with its sign.
  const __m256i words = _mm256_slli_epi32(_mm256_loadu_si256((const __m256i *)offset), 16);
  const __m256i offsets = _mm256_srai_epi32(words, 16);
  group->scale = _mm256_loadu_ps(scale);
  if (kind == kQ4_0) {
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    for (int i = 0; i < kGroup; i += 2) {
      group->q[i] = _mm256_permute2x128_si256(blocks[i], blocks[i + 1], 0x20);
      group->q[i + 1] = _mm256_permute2x128_si256(blocks[i], blocks[i + 1], 0x31);
    }
    group->scale = _mm256_permutevar8x32_ps(group->scale, order);
    group->offset = _mm256_permutevar8x32_epi32(offsets, order);
    return;
  }
  memcpy(group->q, blocks, sizeof blocks);
  if (kind == kQ4_K) group->minimum_offset = _mm256_cvtepi32_ps(offsets);
  if (kind == kQ6_K) {
    __m256i sums[kGroup];
    for (int i = 0; i < kGroup; i++) {
      sums[i] = _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_set1_epi8(32), blocks[i]), _mm256_set1_epi16(1));
    }
    for (int k = 0; k < 2; k++) {
      group->excess[k] = _mm256_hadd_epi32(
          _mm256_hadd_epi32(sums[4 * k], sums[4 * k + 1]), _mm256_hadd_epi32(sums[4 * k + 2], sums[4 * k + 3]));
    }
  }
}

// The groups from some block on.
static inline __attribute__((always_inline)) void gather(
    const block_kind kind, const ckernels_q8_rows *x, size_t block, size_t count, group_activations *groups) {
  for (; count >= kGroup; count -= kGroup, block += kGroup, groups++) {
    gather_group(kind, x->q + 32 * block, x->scale + block, x->offset + block, groups);
  }
  if (count > 0) {
    int8_t q[32 * kGroup] = {0};
    float scale[kGroup] = {0};
    uint32_t offset[kGroup] = {0};
    memcpy(q, x->q + 32 * block, 32 * count);
    memcpy(scale, x->scale + block, count * sizeof *scale);
    memcpy(offset, x->offset + block, count * sizeof *offset);
    gather_group(kind, q, scale, offset, groups);
  }
}

static inline float sum8(__m256 v) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

// Adds the product of one row of the weight, from some block on, with `rows` rows of activations.
static inline __attribute__((always_inline)) void stream_row(
    const block_kind kind, const int rows, const uint8_t *weight, size_t blocks, const group_activations *x, float *y,
    size_t y_row) {
  const size_t group_bytes = bytes_of(kind, 32 * kGroup);
  // Two sums of products; q4_0 and q4_k have one.
  __m256 first[ckernels_few_rows] = {}, second[ckernels_few_rows] = {};
  for (size_t b = 0; b < blocks; b += kGroup, x++, weight += group_bytes) {
    const uint8_t *group = weight;
    uint8_t last[kGroup * sizeof(block_q8_0)] = {0};
    if ((kind == kQ8_0 || kind == kQ4_0) && blocks - b < kGroup) {
      memcpy(last, weight, bytes_of(kind, 32 * (blocks - b)));
      group = last;
    }
    for (size_t line = 0; line < group_bytes; line += 64) _mm_prefetch(weight + kPrefetch + line, _MM_HINT_T0);
    switch (kind) {
      case kQ8_0: add_group_q8_0(rows, group, x, first, second); break;
      case kQ4_0: add_group_q4_0(rows, group, x, first); break;
      case kQ4_K: add_group_q4_k(rows, (const block_q4_k *)group, x, first); break;
      case kQ6_K: add_group_q6_k(rows, (const block_q6_k *)group, x, first, second); break;
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    y[(size_t)r * y_row] += sum8(_mm256_add_ps(first[r], second[r]));
  }
}

static inline __attribute__((always_inline)) void stream(
    const block_kind kind, const uint8_t *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows,
    size_t n, const float *bias, float *y, size_t y_row) {
  const size_t blocks = n / 32;
  for (size_t t = 0; t < x_rows; t++) {
    for (size_t j = 0; j < weight_rows; j++) y[t * y_row + j] = bias ? bias[j] : 0;
  }
  group_activations gathered[ckernels_few_rows * kGroups];
  for (size_t b = 0; b < blocks; b += kGroup * kGroups) {
    const size_t count = blocks - b < kGroup * kGroups ? blocks - b : kGroup * kGroups;
    for (size_t t = 0; t < x_rows; t++) gather(kind, x, t * blocks + b, count, &gathered[t * kGroups]);
    const uint8_t *row = weight + bytes_of(kind, 32 * b);
    for (size_t j = 0; j < weight_rows; j++, row += bytes_of(kind, n)) {
      switch (x_rows) {
        case 1: stream_row(kind, 1, row, count, gathered, y + j, y_row); break;
        case 2: stream_row(kind, 2, row, count, gathered, y + j, y_row); break;
        case 3: stream_row(kind, 3, row, count, gathered, y + j, y_row); break;
        default: stream_row(kind, 4, row, count, gathered, y + j, y_row);
      }
    }
  }
}

#define STREAM(type, kind)                                                                                      \
  void ckernels_avx2_stream_##type(                                                                             \
      const void *weight, size_t weight_rows, const ckernels_q8_rows *x, size_t x_rows, size_t n,               \
      const float *bias, float *y, size_t y_row) {                                                              \
    stream(kind, weight, weight_rows, x, x_rows, n, bias, y, y_row);                                            \
  }
STREAM(q8_0, kQ8_0)
STREAM(q4_0, kQ4_0)
STREAM(q4_k, kQ4_K)
STREAM(q6_k, kQ6_K)
#pragma clang attribute pop
#endif
