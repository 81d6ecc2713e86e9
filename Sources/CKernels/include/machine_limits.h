// What this machine can do at best, measured by loops that do nothing else, so that a benchmark can say how near it comes.
#pragma once
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef enum {
  CKERNELS_PEAK_F32,
  CKERNELS_PEAK_INT8,  // products of bytes, summed in int32
  CKERNELS_PEAK_BF16,  // products of bf16, summed in f32
} ckernels_peak;

// The instructions with which this processor multiplies and adds numbers of this kind fastest; NULL where it has none.
const char *_Nullable ckernels_peak_instructions(ckernels_peak kind);

// Multiplies and adds numbers in registers so many rounds long (0: not at all); a multiplication and an addition count as
// two operations. Returns how many there were: 0 where the processor has no instruction for it.
double ckernels_peak_run(ckernels_peak kind, size_t rounds);

// Reads `count` bytes once, in order; `bytes` is a multiple of 64. Returns a checksum.
uint64_t ckernels_read_all(const void *bytes, size_t count);

#pragma clang assume_nonnull end
