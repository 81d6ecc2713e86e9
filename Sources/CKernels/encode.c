#include <float.h>
#include <math.h>

#include "formats.h"

// Products rounded before they are added to, as the reference does, also where the processor could do both at once.
#pragma clang fp contract(off)

uint16_t ckernels_f16_from_f32(float value) {
  const half_t h = (half_t)value;
  uint16_t bits;
  memcpy(&bits, &h, sizeof bits);
  return bits;
}

float ckernels_f32_from_f16(uint16_t bits) {
  half_t h;
  memcpy(&h, &bits, sizeof h);
  return (float)h;
}

// Whether a block with this scale has quants besides zeros. What is not finite shows in the scale; the inverse of a
// denormal scale, which no half can hold, would be infinite.
static bool has_quants(float d) { return fabsf(d) >= FLT_MIN && fabsf(d) <= FLT_MAX; }

void ckernels_f32_to_q8_0(const float *source, void *target, size_t n) {
  block_q8_0 *blocks = target;
  for (size_t b = 0; b < n / 32; b++, source += 32) {
    const float d = largest_magnitude(source) / 127;
    blocks[b].d = (half_t)d;
    if (!has_quants(d)) {
      memset(blocks[b].q, 0, sizeof blocks[b].q);
      continue;
    }
    const float inverse = 1 / d;
    for (int i = 0; i < 32; i++) blocks[b].q[i] = (int8_t)roundf(source[i] * inverse);
  }
}

void ckernels_f32_to_q4_0(const float *source, void *target, size_t n) {
  block_q4_0 *blocks = target;
  for (size_t b = 0; b < n / 32; b++, source += 32) {
    // The weight of the largest magnitude becomes −8, the end of the range with one step more.
    const float largest = largest_magnitude(source);
    float extreme = largest;
    for (int i = 31; i >= 0; i--) extreme = fabsf(source[i]) == largest ? source[i] : extreme;
    const float d = extreme / -8;
    blocks[b].d = (half_t)d;
    if (!has_quants(d)) {
      memset(blocks[b].q, 0x88, sizeof blocks[b].q);  // 8 stands for zero
      continue;
    }
    const float inverse = 1 / d;
    for (int i = 0; i < 16; i++) {
      int q0 = (int)(source[i] * inverse + 8.5f), q1 = (int)(source[i + 16] * inverse + 8.5f);
      q0 = q0 > 15 ? 15 : q0;
      q1 = q1 > 15 ? 15 : q1;
      blocks[b].q[i] = (uint8_t)(q0 | q1 << 4);
    }
  }
}
