// 64-bit Arm: NEON is part of the base instruction set, the compiler's own vectors do, but for quantised weights.
#if defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#include "by_hand.h"

#pragma clang fp contract(fast)
#define NAME(x) neon_##x
#define FAST _Pragma("clang fp reassociate(on)")
#define VECTOR_BYTES 16
#define TILE_ROWS 6
#include "kernels.inc"

// Apple's processors for Macs all have it, and the compiler knows.
static bool has_dot_product(void) {
#if defined(__ARM_FEATURE_DOTPROD)
  return true;
#elif defined(__linux__)
  return getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
#else
  return false;
#endif
}

const ckernels_table *ckernels_neon(void) {
  static ckernels_table table = KERNELS_TABLE("neon");
  const bool has_dot = has_dot_product();
  table.product_q8_0 = has_dot ? ckernels_neon_dotprod_q8_0 : ckernels_neon_q8_0;
  table.product_q4_0 = has_dot ? ckernels_neon_dotprod_q4_0 : ckernels_neon_q4_0;
  return &table;
}
#endif
