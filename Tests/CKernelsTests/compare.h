// What both parts of compare_sets share: memory, numbers, comparisons.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CKernels.h"

// The sets that are compared.
extern const ckernels_table *set, *reference;

// MARK: memory

typedef enum {
  kFound, kExpected, kX, kSlopes, kWeight, kInterleaved, kBias, kQuants, kScales, kOffsets, kRooms
} room_name;

// So many bytes, with guard words in front and memory that cannot be accessed behind, filled with NaNs of one kind.
// What was in the room before is gone.
void *room(room_name name, size_t bytes);
// The fill: what a kernel leaves of it is what it did not touch.
extern const uint32_t fill;

// MARK: numbers

void restart_numbers(uint32_t seed);
uint32_t random_word(void);
float random_normal(void);

// Kinds of numbers that break careless kernels; the last has NaN, infinities, and where exponentials end.
typedef enum {
  kOrdinary, kLarge, kTiny, kDenormal, kMixed, kZeros, kNegativeZeros, kEqual, kSpecial, kKinds
} number_kind;

float *numbers(room_name name, number_kind kind, size_t count);

// MARK: comparisons

// What follows is about one kernel, until end_kernel prints what was found.
void begin_kernel(const char *name);
void end_kernel(void);
// How many kernels differed.
extern int wrong_kernels;

// Expects equal bits, two NaNs, or a difference within the limit; a negative limit allows equal bits alone. `n` and
// `place` are for the message.
void compare(float found, float expected, double limit, size_t n, size_t place);
// Expects that nothing was written before the rooms kFound and kExpected.
void compare_guards(void);

void compare_quantized(void);
