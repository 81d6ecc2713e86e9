// The specification: one operation after another, no latitude for the compiler beyond the C standard.
#define NAME(x) scalar_##x
#define FAST
#define VECTOR_BYTES 16
#define TILE_ROWS 2
#include "kernels.inc"

const ckernels_table ckernels_scalar = KERNELS_TABLE("scalar");
