// Conversions, and products with quantised weights.
#include <math.h>
#include <string.h>

#include "compare.h"

// MARK: conversions

static void compare_conversions(void) {
  const struct {
    const char *name;
    void (*found)(const void *, float *, size_t), (*expected)(const void *, float *, size_t);
    size_t block, bytes;
  } conversions[] = {
      {"f16_to_f32", set->f16_to_f32, reference->f16_to_f32, 1, 2},
      {"bf16_to_f32", set->bf16_to_f32, reference->bf16_to_f32, 1, 2},
      {"q8_0_to_f32", set->q8_0_to_f32, reference->q8_0_to_f32, 32, 34},
      {"q4_0_to_f32", set->q4_0_to_f32, reference->q4_0_to_f32, 32, 18},
      {"q4_k_to_f32", set->q4_k_to_f32, reference->q4_k_to_f32, 256, 144},
      {"q6_k_to_f32", set->q6_k_to_f32, reference->q6_k_to_f32, 256, 210},
  };
  for (size_t c = 0; c < sizeof conversions / sizeof *conversions; c++) {
    begin_kernel(conversions[c].name);
    for (size_t blocks = 1; blocks <= (conversions[c].block > 1 ? 9 : 70); blocks++) {
      const size_t n = blocks * conversions[c].block, bytes = blocks * conversions[c].bytes;
      restart_numbers((uint32_t)n);
      uint8_t *const source = room(kWeight, bytes);
      for (size_t i = 0; i < bytes; i++) source[i] = (uint8_t)random_word();
      float *const found = room(kFound, 4 * n), *const expected = room(kExpected, 4 * n);
      conversions[c].found(source, found, n);
      conversions[c].expected(source, expected, n);
      compare_guards();
      for (size_t i = 0; i < n; i++) compare(found[i], expected[i], 0, n, i);
    }
    end_kernel();
  }
}

// MARK: activations

static void compare_rounding(void) {
  begin_kernel("quantize_q8");
  for (number_kind kind = 0; kind < kKinds; kind++) {
    for (size_t n = 32; n <= 1088; n += 32) {
      restart_numbers((uint32_t)n);
      const float *const x = numbers(kX, kind, n);
      int8_t *const found = room(kFound, n), *const expected = room(kExpected, n);
      float *const scales = room(kScales, n / 8), expected_scales[34];
      uint32_t *const offsets = room(kOffsets, n / 8), expected_offsets[34];
      set->quantize_q8(x, n, found, scales, offsets);
      reference->quantize_q8(x, n, expected, expected_scales, expected_offsets);
      compare_guards();
      for (size_t i = 0; i < n; i++) compare(found[i], expected[i], -1, n, i);
      for (size_t b = 0; b < n / 32; b++) {
        compare(scales[b], expected_scales[b], -1, n, b);
        compare(offsets[b], expected_offsets[b], -1, n, b);
      }
    }
  }
  end_kernel();
}

// MARK: products

typedef struct {
  const char *name;
  ckernels_product *found, *expected;
  void (*decode)(const void *, float *, size_t);
  size_t block, bytes;
  size_t scales[2];  // where a block's halves lie; twice the same where there is one
  uint8_t extreme;   // the byte that holds the quants of the largest magnitude
  // For products with rows that were laid out anew; both sets' are used, and must agree.
  ckernels_interleave *found_interleave, *expected_interleave;
} product_kind;

// Weights of the largest magnitude, −128 and 15 for instance, with activations all of one sign or of changing signs.
typedef enum { kRandom, kExtremes, kNegativeExtremes, kAlternatingExtremes, kContents } product_content;

enum { kMaximumRows = 13, kPadding = 3 };

static const void *make_weight(const product_kind *kind, product_content content, size_t blocks) {
  uint8_t *const bytes = room(kWeight, blocks * kind->bytes);
  for (size_t b = 0; b < blocks; b++) {
    uint8_t *const block = bytes + b * kind->bytes;
    for (size_t i = 0; i < kind->bytes; i++) block[i] = content == kRandom ? (uint8_t)random_word() : kind->extreme;
    for (int s = 0; s < 2; s++) {
      const uint16_t scale = ckernels_f16_from_f32(random_normal());
      memcpy(block + kind->scales[s], &scale, 2);
    }
  }
  return bytes;
}

// The weight in groups of rows, as this set and the reference lay it out.
static const void *interleave(const product_kind *kind, const void *weight, size_t weight_rows, size_t n) {
  const size_t groups = (weight_rows + ckernels_interleaved_rows - 1) / ckernels_interleaved_rows;
  const size_t bytes = groups * ckernels_interleaved_rows * n / kind->block * kind->bytes;
  uint8_t *const found = room(kFound, bytes), *const expected = room(kExpected, bytes);
  kind->found_interleave(weight, weight_rows, n, found);
  kind->expected_interleave(weight, weight_rows, n, expected);
  compare_guards();
  for (size_t i = 0; i < bytes; i++) compare(found[i], expected[i], -1, n, i);
  return memcpy(room(kInterleaved, bytes), found, bytes);
}

static ckernels_q8_rows make_activations(product_content content, size_t blocks) {
  const ckernels_q8_rows x = {room(kQuants, 32 * blocks), room(kScales, 4 * blocks), room(kOffsets, 4 * blocks)};
  for (size_t b = 0; b < blocks; b++) {
    int total = 0;
    for (size_t i = 0; i < 32; i++) {
      const bool is_negative = content == kNegativeExtremes || (content == kAlternatingExtremes && i % 2);
      const int q = content == kRandom ? (int)(random_word() % 255) - 127 : is_negative ? -127 : 127;
      x.q[32 * b + i] = (int8_t)q;
      total += q;
    }
    x.scale[b] = fabsf(random_normal());
    x.offset[b] = (uint16_t)(-8 * total);
  }
  return x;
}

// A block's share of a sum is at most this.
static double share_of_block(
    const product_kind *kind, const void *weight, const ckernels_q8_rows *x, size_t weight_blocks, size_t x_blocks) {
  float scale = 0, largest = 0, values[256];
  for (size_t b = 0; b < x_blocks; b++) scale = fmaxf(scale, x->scale[b]);
  for (size_t b = 0; b < weight_blocks; b++) {
    kind->decode((const uint8_t *)weight + b * kind->bytes, values, kind->block);
    for (size_t i = 0; i < kind->block; i++) largest = fmaxf(largest, fabsf(values[i]));
  }
  return 2.0 * 127 * 32 * (double)scale * (double)largest;
}

// One weight with 1 to 13 rows: many bit for bit, few but for the order of the blocks, and those bit for bit the same
// whether there are one, two, three or four. In groups of rows of the weight, all bit for bit.
static void compare_product(const product_kind *kind, product_content content, size_t blocks, size_t weight_rows) {
  restart_numbers((uint32_t)(blocks * 64 + weight_rows));
  const size_t weight_blocks = weight_rows * blocks * 32 / kind->block;
  const void *const weight = make_weight(kind, content, weight_blocks);
  const ckernels_q8_rows x = make_activations(content, kMaximumRows * blocks);
  const float *const all_bias = numbers(kBias, kOrdinary, weight_rows);
  const double share = share_of_block(kind, weight, &x, weight_blocks, kMaximumRows * blocks);
  const size_t n = 32 * blocks, width = weight_rows + kPadding;
  const void *const laid_out = kind->found_interleave ? interleave(kind, weight, weight_rows, n) : weight;
  float four[ckernels_few_rows][64];
  for (int rows = kMaximumRows; rows > 0; rows--) {
    const size_t count = (size_t)rows * width;
    const bool is_few = rows <= ckernels_few_rows;
    // Few rows all with a bias or all without, to be compared with each other.
    const float *const bias = is_few ? (blocks % 2 ? all_bias : NULL) : rows % 2 ? NULL : all_bias;
    float *const found = room(kFound, 4 * count), *const expected = room(kExpected, 4 * count);
    kind->found(laid_out, weight_rows, &x, (size_t)rows, n, bias, found, width);
    kind->expected(weight, weight_rows, &x, (size_t)rows, n, bias, expected, width);
    compare_guards();
    for (size_t i = 0; i < count; i++) {
      const bool in_any_order = is_few && !kind->found_interleave;
      compare(found[i], expected[i], in_any_order ? 1e-6 * share * (double)blocks : -1, n, i);
      if (rows == ckernels_few_rows) four[i / width][i % width] = found[i];
      if (is_few) compare(found[i], four[i / width][i % width], -1, n, i);
    }
  }
}

// Rows as they are stored, rounded to bf16: an even and an odd number of them, some columns of each.
static void compare_packing(void) {
  const struct {
    product_kind kind;
    ckernels_pack_rows *found, *expected;
  } packings[] = {
      {{"pack_bf16_q8_0", .bytes = 34, .scales = {0, 0}}, set->pack_bf16_q8_0, reference->pack_bf16_q8_0},
      {{"pack_bf16_q4_0", .bytes = 18, .scales = {0, 0}}, set->pack_bf16_q4_0, reference->pack_bf16_q4_0},
  };
  for (size_t p = 0; p < sizeof packings / sizeof *packings; p++) {
    const size_t bytes = packings[p].kind.bytes;
    begin_kernel(packings[p].kind.name);
    for (size_t rows = 1; rows <= 19; rows++) {
      for (size_t blocks = 1; blocks <= 9; blocks++) {
        restart_numbers((uint32_t)(rows * 16 + blocks));
        const uint8_t *const weight = make_weight(&packings[p].kind, kRandom, rows * (blocks + 2));
        const size_t count = blocks * ckernels_bf16_columns * ((rows + 1) / 2);
        uint32_t *const found = room(kFound, 4 * count), *const expected = room(kExpected, 4 * count);
        packings[p].found(weight + bytes, (blocks + 2) * bytes, rows, 32 * blocks, found);
        packings[p].expected(weight + bytes, (blocks + 2) * bytes, rows, 32 * blocks, expected);
        compare_guards();
        for (size_t i = 0; i < count; i++) compare((float)(found[i] == expected[i]), 1, -1, rows, i);
      }
    }
    end_kernel();
  }
}

void compare_quantized(void) {
  // Around the sizes of tiles and panels.
  static const size_t block_counts[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 44, 330};
  static const size_t weight_counts[] = {1, 2, 7, 8, 9, 15, 16, 17, 33};
  const ckernels_table *const plain = reference;
  const product_kind kinds[] = {
      {"product_q8_0", set->product_q8_0, plain->product_q8_0, plain->q8_0_to_f32, 32, 34, {0, 0}, 0x80, NULL, NULL},
      {"product_q4_0", set->product_q4_0, plain->product_q4_0, plain->q4_0_to_f32, 32, 18, {0, 0}, 0xff, NULL, NULL},
      {"product_q4_k", set->product_q4_k, plain->product_q4_k, plain->q4_k_to_f32, 256, 144, {0, 2}, 0xff, NULL, NULL},
      {"product_q6_k", set->product_q6_k, plain->product_q6_k, plain->q6_k_to_f32, 256, 210, {208, 208}, 0x80, NULL,
       NULL},
      {"interleaved_q8_0", set->interleaved_q8_0, plain->product_q8_0, plain->q8_0_to_f32, 32, 34, {0, 0}, 0x80,
       set->interleave_q8_0, plain->interleave_q8_0},
      {"interleaved_q4_0", set->interleaved_q4_0, plain->product_q4_0, plain->q4_0_to_f32, 32, 18, {0, 0}, 0xff,
       set->interleave_q4_0, plain->interleave_q4_0},
  };
  compare_conversions();
  compare_rounding();
  compare_packing();
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    begin_kernel(kinds[k].name);
    for (size_t b = 0; b < sizeof block_counts / sizeof *block_counts; b++) {
      for (size_t w = 0; w < sizeof weight_counts / sizeof *weight_counts; w++) {
        // Of 32 activations each.
        const size_t blocks = block_counts[b] * kinds[k].block / 32;
        if (blocks > 100 && (blocks > 330 || weight_counts[w] != 17)) continue;
        for (product_content content = 0; content < kContents; content++) {
          compare_product(&kinds[k], content, blocks, weight_counts[w]);
        }
      }
    }
    end_kernel();
  }
}
