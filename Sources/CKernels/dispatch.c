#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"
#include "by_hand.h"

extern const ckernels_table ckernels_scalar;

const ckernels_table *ckernels_named(const char *name) {
  if (strcmp(name, "scalar") == 0) return &ckernels_scalar;
#if defined(__x86_64__)
  if (strcmp(name, "avx2") == 0 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return ckernels_avx2();
  }
  if (strcmp(name, "avx512") == 0 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni")) {
    return ckernels_avx512();
  }
#elif defined(__aarch64__)
  if (strcmp(name, "neon") == 0) return ckernels_neon();
#endif
  return NULL;
}

static const ckernels_table *chosen;

static void choose(void) {
  const char *forced = getenv("TINYGPTV_KERNELS");
  if (forced) chosen = ckernels_named(forced);
  static const char *const best_first[] = {"avx512", "avx2", "neon", "scalar"};
  for (unsigned i = 0; !chosen; i++) chosen = ckernels_named(best_first[i]);
}

const ckernels_table *ckernels(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, choose);
  return chosen;
}

const char *ckernels_openblas_core_type(void) {
#if defined(__x86_64__)
  // OpenBLAS 0.3.21 knows no AMD processor with AVX-512 and falls back to Haswell: 220 instead of 430 GFLOP/s.
  if (__builtin_cpu_is("amd") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
      && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return "SkylakeX";
  }
#endif
  return NULL;
}
