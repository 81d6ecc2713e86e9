// What the AVX-512 kernels share.
#pragma once
#include <immintrin.h>
#include <stddef.h>

// The first `count` of a register's 16 lanes.
static inline __mmask16 first_lanes(size_t count) { return count < 16 ? (__mmask16)((1u << count) - 1) : 0xffff; }
