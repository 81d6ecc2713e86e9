// Products of quantised weights for 64-bit Arm, once for processors with the instructions that add four products of
// bytes to an int32 (SDOT, an option from ARMv8.2 on) and once for those without.
//
// All of them multiply signed bytes, so weights are multiplied as they are, q4_0's less 8.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "formats.h"
#include "by_hand.h"

enum {
  kLanes = 8,         // rows of the weight in a panel
  kColumns = 4,       // rows of activations that meet it at a time: all sums are in registers
  kPanelBlocks = 32,  // blocks along the rows in a panel: 9 kB
};

// One block of kLanes rows, four rows to a half: four consecutive quants of each row, the next four of each row, …
typedef struct {
  int32_t quants[kLanes / 4][8][4];
  float scales[kLanes];
} panel_block;

static inline float scale_of(const uint8_t *block) {
  half_t d;
  memcpy(&d, block, sizeof d);
  return f32_of_half(d);
}

static inline __attribute__((always_inline)) int8x16x2_t quants_of(const block_kind kind, const uint8_t *block) {
  if (kind == kQ8_0) return vld1q_s8_x2((const int8_t *)block + 2);
  const uint8x16_t both = vld1q_u8(block + 2);
  const uint8x16_t low = vandq_u8(both, vdupq_n_u8(15)), high = vshrq_n_u8(both, 4);
  const int8x16_t eight = vdupq_n_s8(8);
  return (int8x16x2_t){{vsubq_s8(vreinterpretq_s8_u8(low), eight), vsubq_s8(vreinterpretq_s8_u8(high), eight)}};
}

static inline __attribute__((always_inline)) void pack(
    const block_kind kind, const uint8_t *const rows[kLanes], size_t blocks, panel_block *panel) {
  for (size_t b = 0; b < blocks; b++, panel++) {
    const size_t offset = bytes_of(kind, 32 * b);
    for (int first = 0; first < kLanes; first += 4) {
      int8x16x2_t q[4];
      for (int r = 0; r < 4; r++) q[r] = quants_of(kind, rows[first + r] + offset);
      for (int half = 0; half < 2; half++) {
        int32x4x4_t words;
        for (int r = 0; r < 4; r++) words.val[r] = vreinterpretq_s32_s8(q[r].val[half]);
        vst4q_s32(panel->quants[first / 4][4 * half], words);
      }
    }
    for (int r = 0; r < kLanes; r++) panel->scales[r] = scale_of(rows[r] + offset);
  }
}

// In int16 two products fit, 2·128·127 = 32512.
static inline __attribute__((always_inline)) int32x4_t ckernels_neon_dot(int32x4_t sums, int8x16_t w, int8x16_t x) {
  return vpadalq_s16(sums, vpaddq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(x)), vmull_high_s8(w, x)));
}

#define NAME(x) ckernels_neon_##x
#include "products_neon.inc"
#undef NAME

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

static inline __attribute__((always_inline)) int32x4_t ckernels_neon_dotprod_dot(
    int32x4_t sums, int8x16_t w, int8x16_t x) {
  return vdotq_s32(sums, w, x);
}

#define NAME(x) ckernels_neon_dotprod_##x
#include "products_neon.inc"
#pragma clang attribute pop
#endif
