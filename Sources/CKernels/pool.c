// A pool of threads for hundreds of small steps per token. A worker that has nothing to do spins for a moment before it
// sleeps: a wake-up by the kernel costs more than most of the steps.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "CKernels.h"

#if defined(__linux__)
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
static void sleep_while(atomic_uint *word, unsigned value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}
static void wake_all(atomic_uint *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0); }
#else
#include <sched.h>
static void sleep_while(atomic_uint *word, unsigned value) {
  (void)word;
  (void)value;
  usleep(50);
}
static void wake_all(atomic_uint *word) { (void)word; }
#endif

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() __asm__ __volatile__("yield")
#endif

enum { kSpins = 4000 };  // some 50 µs
static const unsigned kClosed = 1u << 31;

struct ckernels_pool {
  int workers;
  pthread_t *threads;
  pthread_mutex_t turn;

  void (*body)(void *, int);
  void *context;
  int count;
  atomic_int next;     // the next index to take
  atomic_uint inside;  // how many workers are in the current round, and kClosed while none may enter
  atomic_uint round;   // counts rounds; a change is the signal to start
  atomic_int sleepers;
  atomic_bool stopping;
};

static _Thread_local bool inside_a_body;

static void take_indexes(ckernels_pool *pool) {
  inside_a_body = true;
  for (;;) {
    const int index = atomic_fetch_add(&pool->next, 1);
    if (index >= pool->count) break;
    pool->body(pool->context, index);
  }
  inside_a_body = false;
}

static void *work(void *argument) {
  ckernels_pool *pool = argument;
  unsigned seen = 0;
  for (;;) {
    int spins = 0;
    while (atomic_load_explicit(&pool->round, memory_order_acquire) == seen) {
      if (++spins < kSpins) {
        PAUSE();
      } else {
        atomic_fetch_add(&pool->sleepers, 1);
        if (atomic_load(&pool->round) == seen) sleep_while(&pool->round, seen);
        atomic_fetch_sub(&pool->sleepers, 1);
      }
    }
    seen = atomic_load(&pool->round);
    if (atomic_load(&pool->stopping)) return NULL;
    // A worker that comes late, because its core had other work, finds the round closed and is not waited for.
    if (!(atomic_fetch_add(&pool->inside, 1) & kClosed)) take_indexes(pool);
    atomic_fetch_sub(&pool->inside, 1);
  }
}

ckernels_pool *ckernels_pool_create(int threads) {
  ckernels_pool *pool = calloc(1, sizeof *pool);
  pthread_mutex_init(&pool->turn, NULL);
  atomic_init(&pool->inside, kClosed);
  pool->threads = calloc((size_t)(threads > 1 ? threads - 1 : 1), sizeof *pool->threads);
  for (int i = 0; i + 1 < threads; i++) {
    // A system that gives no more threads still gives the right answer, on fewer.
    if (pthread_create(&pool->threads[i], NULL, work, pool) != 0) break;
    pool->workers++;
  }
  return pool;
}

void ckernels_pool_destroy(ckernels_pool *pool) {
  atomic_store(&pool->stopping, true);
  atomic_fetch_add(&pool->round, 1);
  wake_all(&pool->round);
  for (int i = 0; i < pool->workers; i++) pthread_join(pool->threads[i], NULL);
  pthread_mutex_destroy(&pool->turn);
  free(pool->threads);
  free(pool);
}

bool ckernels_pool_is_inside(void) { return inside_a_body; }

void ckernels_pool_run(ckernels_pool *pool, int count, void (*body)(void *context, int index), void *context) {
  if (inside_a_body || count <= 1 || pool->workers == 0) {
    const bool was_inside = inside_a_body;
    // Without workers too: what a body does must not depend on how many there are.
    inside_a_body = was_inside || count > 1;
    for (int i = 0; i < count; i++) body(context, i);
    inside_a_body = was_inside;
    return;
  }
  pthread_mutex_lock(&pool->turn);
  pool->body = body;
  pool->context = context;
  pool->count = count;
  atomic_store(&pool->next, 0);
  atomic_fetch_and(&pool->inside, ~kClosed);
  atomic_fetch_add(&pool->round, 1);
  if (atomic_load(&pool->sleepers) > 0) wake_all(&pool->round);
  take_indexes(pool);
  // All indexes are taken; those who took some finish them.
  atomic_fetch_or(&pool->inside, kClosed);
  for (int spins = 0; atomic_load_explicit(&pool->inside, memory_order_acquire) != kClosed; spins++) {
    if (spins < kSpins) {
      PAUSE();
    } else {
      usleep(20);  // the other core is busy with someone else's work: let it have this one too
    }
  }
  pthread_mutex_unlock(&pool->turn);
}
