// OpenBLAS, loaded at first use instead of at program start.
//
// Why not link it: OpenBLAS picks its kernels when it is loaded, and version 0.3.21 takes AMD processors with AVX-512
// for a Haswell (half the speed). The variable that corrects this, OPENBLAS_CORETYPE, must be set before the library
// is loaded, which a linked library does not allow.
#pragma once
#include <stdbool.h>

// Loads the library once. `core_type`, when not NULL and when the user has not set OPENBLAS_CORETYPE, says which
// kernels to use. Returns whether the library is there. Products run on the calling thread only.
bool copenblas_load(const char *core_type);

// The kernels in use ("Haswell", "SkylakeX", …), or "none".
const char *copenblas_core_name(void);

// C[m×n] = alpha · op(A)[m×k] · op(B)[k×n] + beta · C, all row-major with leading dimensions lda, ldb, ldc.
// Must not be called unless copenblas_load returned true.
void copenblas_sgemm(
    bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
    int ldb, float beta, float *c, int ldc);
