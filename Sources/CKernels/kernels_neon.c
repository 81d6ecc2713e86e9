// 64-bit Arm: NEON is part of the base instruction set, the compiler's own vectors do.
#if defined(__aarch64__)
#pragma clang fp contract(fast)
#define NAME(x) neon_##x
#define FAST _Pragma("clang fp reassociate(on)")
#define VECTOR_BYTES 16
#define TILE_ROWS 6
#include "kernels.inc"

const ckernels_table ckernels_neon = KERNELS_TABLE("neon");
#endif
