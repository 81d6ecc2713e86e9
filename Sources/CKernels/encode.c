#include <math.h>

#include "formats.h"

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

uint16_t ckernels_bf16_from_f32(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 64);  // NaN stays one, quiet
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);                // round to nearest, ties to even
}

void ckernels_f32_to_f16(const float *source, void *target, size_t n) {
  half_t *halves = target;
  for (size_t i = 0; i < n; i++) halves[i] = (half_t)source[i];
}

void ckernels_f32_to_bf16(const float *source, void *target, size_t n) {
  uint16_t *halves = target;
  for (size_t i = 0; i < n; i++) halves[i] = ckernels_bf16_from_f32(source[i]);
}

void ckernels_f32_to_q8_0(const float *source, void *target, size_t n) {
  block_q8_0 *blocks = target;
  for (size_t b = 0; b < n / 32; b++, source += 32) {
    float largest = 0;
    for (int i = 0; i < 32; i++) largest = fmaxf(largest, fabsf(source[i]));
    const float d = largest / 127;
    const float inverse = d > 0 ? 1 / d : 0;
    blocks[b].d = (half_t)d;
    for (int i = 0; i < 32; i++) blocks[b].q[i] = (int8_t)roundf(source[i] * inverse);
  }
}

void ckernels_f32_to_q4_0(const float *source, void *target, size_t n) {
  block_q4_0 *blocks = target;
  for (size_t b = 0; b < n / 32; b++, source += 32) {
    // The weight of the largest magnitude becomes −8, the end of the range with one step more.
    float largest = 0, extreme = 0;
    for (int i = 0; i < 32; i++) {
      if (fabsf(source[i]) > largest) {
        largest = fabsf(source[i]);
        extreme = source[i];
      }
    }
    const float d = extreme / -8;
    const float inverse = d != 0 ? 1 / d : 0;
    blocks[b].d = (half_t)d;
    for (int i = 0; i < 16; i++) {
      int q0 = (int)(source[i] * inverse + 8.5f), q1 = (int)(source[i + 16] * inverse + 8.5f);
      q0 = q0 > 15 ? 15 : q0;
      q1 = q1 > 15 ? 15 : q1;
      blocks[b].q[i] = (uint8_t)(q0 | q1 << 4);
    }
  }
}
