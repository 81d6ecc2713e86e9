#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

// cblas.h's constants and signature; its header is not needed to call through a pointer.
enum { kRowMajor = 101, kNoTranspose = 111, kTranspose = 112 };
typedef void (*sgemm_function)(
    int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
    const float *b, int ldb, float beta, float *c, int ldc);

static sgemm_function sgemm;
static const char *core_name = "none";
static const char *requested_core;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
  if (requested_core) setenv("OPENBLAS_CORETYPE", requested_core, 0);
  // One thread a product: the caller's pool does the splitting, and two pools would fight for the cores.
  setenv("OPENBLAS_NUM_THREADS", "1", 0);
  static const char *const names[] = {"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"};
  void *library = NULL;
  for (unsigned i = 0; i < sizeof names / sizeof names[0] && !library; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (!library) return;
  void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
  if (set_threads) set_threads(1);
  const char *(*get_core)(void) = (const char *(*)(void))dlsym(library, "openblas_get_corename");
  if (get_core) core_name = get_core();
  sgemm = (sgemm_function)dlsym(library, "cblas_sgemm");
}

bool copenblas_load(const char *core_type) {
  requested_core = core_type;
  pthread_once(&once, load);
  return sgemm != NULL;
}

const char *copenblas_core_name(void) { return core_name; }

void copenblas_sgemm(
    bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
    int ldb, float beta, float *c, int ldc) {
  sgemm(
      kRowMajor, transpose_a ? kTranspose : kNoTranspose, transpose_b ? kTranspose : kNoTranspose, m, n, k, alpha, a,
      lda, b, ldb, beta, c, ldc);
}
