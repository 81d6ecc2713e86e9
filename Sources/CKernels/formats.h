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

// A block of 32 of each of 16 rows of a weight: of each row four quants' bytes, of each the next four.
typedef struct {
  half_t d[ckernels_interleaved_rows];
  int8_t q[8][ckernels_interleaved_rows][4];
} interleaved_q8_0;

typedef struct {
  half_t d[ckernels_interleaved_rows];
  uint8_t q[4][ckernels_interleaved_rows][4];
} interleaved_q4_0;

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

_Static_assert(sizeof(block_q8_0) == 34 && sizeof(block_q4_0) == 18, "block layout");
_Static_assert(sizeof(interleaved_q8_0) == ckernels_interleaved_rows * sizeof(block_q8_0), "as many bytes");
_Static_assert(sizeof(interleaved_q4_0) == ckernels_interleaved_rows * sizeof(block_q4_0), "as many bytes");
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
