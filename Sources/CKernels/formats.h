// The bytes of the block formats, as GGUF lays them out, and how single numbers are read.
#pragma once
#include <stdint.h>
#include <string.h>

#include "CKernels.h"

// clang's storage-only half: converts by the F16C or NEON instruction where the target has it, else by library call.
typedef _Float16 half_t;
static inline float f32_of_half(half_t h) { return (float)h; }

static inline float f32_of_bf16(uint16_t bits) {
  const uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}

// To nearest, ties to even; NaN stays one, quiet.
static inline uint16_t bf16_of_f32(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 64;
  return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : nearest);
}

// The largest magnitude among 32 values; NaN or infinity if one of them is. Magnitudes order like their bits, NaN above
// all others, where a comparison of floats would pass over it.
static inline float largest_magnitude(const float *x) {
  uint32_t bits[32], largest = 0;
  memcpy(bits, x, sizeof bits);
  for (int i = 0; i < 32; i++) {
    const uint32_t magnitude = bits[i] & 0x7fffffff;
    largest = magnitude > largest ? magnitude : largest;
  }
  float value;
  memcpy(&value, &largest, sizeof value);
  return value;
}

typedef struct {
  half_t d;
  int8_t q[32];
} block_q8_0;

typedef struct {
  half_t d;
  uint8_t q[16];
} block_q4_0;

typedef struct {
  half_t d, dmin;
  uint8_t scales[12];
  uint8_t q[128];
} block_q4_k;

typedef struct {
  uint8_t low[128];
  uint8_t high[64];
  int8_t scales[16];
  half_t d;
} block_q6_k;

typedef enum { kQ8_0, kQ4_0, kQ4_K, kQ6_K } block_kind;

// The bytes of n weights, a multiple of the block.
static inline size_t bytes_of(const block_kind kind, size_t n) {
  switch (kind) {
    case kQ8_0: return n / 32 * sizeof(block_q8_0);
    case kQ4_0: return n / 32 * sizeof(block_q4_0);
    case kQ4_K: return n / 256 * sizeof(block_q4_k);
    case kQ6_K: return n / 256 * sizeof(block_q6_k);
  }
}

// A group of 16 rows of a q8_0 or q4_0 weight. Of two blocks of 32 the scales of all rows come first, of each block one
// behind the other, then the quants: of the first block four quants' bytes of each row, the next four of each …, and
// those of the second. So no register of quants is loaded across the edge of a cache line, as far as the number of
// blocks is even. A last block without a second is alone.
typedef struct {
  const uint8_t *start;
  size_t blocks;
} row_group;

// A block in a group.
typedef struct {
  const half_t *scales;
  const uint8_t *quants;
} group_block;

// The bytes of a block's quants in a group.
static inline size_t group_quants(const block_kind kind) {
  return ckernels_interleaved_rows * (bytes_of(kind, 32) - sizeof(half_t));
}

static inline group_block group_block_at(const block_kind kind, row_group group, size_t block) {
  const size_t scales = ckernels_interleaved_rows * sizeof(half_t), second = block % 2;
  const uint8_t *const pair = group.start + (block - second) * (scales + group_quants(kind));
  const size_t in_pair = block - second + 1 < group.blocks ? 2 : 1;
  return (group_block){(const half_t *)(pair + second * scales), pair + in_pair * scales + second * group_quants(kind)};
}

// The group whose first row is `row` of a weight with n elements in a row, from an even block on.
static inline row_group group_at(const block_kind kind, const void *weight, size_t n, size_t row, size_t block) {
  const size_t before = row * bytes_of(kind, n) + ckernels_interleaved_rows * bytes_of(kind, 32 * block);
  return (row_group){(const uint8_t *)weight + before, n / 32 - block};
}

_Static_assert(sizeof(block_q8_0) == 34 && sizeof(block_q4_0) == 18, "block layout");
_Static_assert(sizeof(block_q4_k) == 144 && sizeof(block_q6_k) == 210, "block layout");

// The 6-bit scales and minima of the eight sub-blocks, one a byte. The first four of each lie in the low six bits of
// bytes 0–3 and 4–7, the last four are split between bytes 8–11 and the spare high bits of the others.
static inline void q4_k_scales(const uint8_t packed[12], uint64_t *scales, uint64_t *minima) {
  uint32_t words[3];
  memcpy(words, packed, sizeof words);
  const uint32_t low = 0x3f3f3f3f, nibbles = 0x0f0f0f0f, high = 0x30303030;
  *scales = (words[0] & low) | (uint64_t)((words[2] & nibbles) | (words[0] >> 2 & high)) << 32;
  *minima = (words[1] & low) | (uint64_t)((words[2] >> 4 & nibbles) | (words[1] >> 2 & high)) << 32;
}

// Quant i of 32 of run 0…3 of half a block, between −32 and 31, from the half's 64 bytes of low bits and 32 of high
// ones.
static inline int q6_k_quant(const uint8_t *low, const uint8_t *high, int run, int i) {
  const int nibble = low[32 * (run % 2) + i] >> (4 * (run / 2)) & 15;
  return (nibble | (high[i] >> (2 * run) & 3) << 4) - 32;
}
