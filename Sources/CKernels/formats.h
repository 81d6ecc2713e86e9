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

_Static_assert(sizeof(block_q8_0) == 34 && sizeof(block_q4_0) == 18, "block layout");
_Static_assert(sizeof(block_q4_k) == 144 && sizeof(block_q6_k) == 210, "block layout");

// The 6-bit scale and minimum of sub-block 0…7: the first four lie in the low six bits of bytes 0–3 and 4–7, the last
// four are split between bytes 8–11 and the spare high bits of the others.
static inline void q4_k_scale(const uint8_t *packed, int sub, int *scale, int *minimum) {
  if (sub < 4) {
    *scale = packed[sub] & 63;
    *minimum = packed[sub + 4] & 63;
  } else {
    *scale = (packed[sub + 4] & 15) | (packed[sub - 4] >> 6) << 4;
    *minimum = (packed[sub + 4] >> 4) | (packed[sub] >> 6) << 4;
  }
}
