#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CSystem.h"

enum { kMaximumMappings = 64 };

// Written under `lock`, read by the signal handler: start is published last and cleared first.
static struct {
  _Atomic(uintptr_t) start;
  _Atomic(size_t) size;
  atomic_bool cut;
} mappings[kMaximumMappings];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous_action;
static long page_size;

static void on_bus_error(int signal_number, siginfo_t *info, void *context) {
  uintptr_t address = (uintptr_t)info->si_addr;
  for (int i = 0; i < kMaximumMappings; i++) {
    uintptr_t start = atomic_load(&mappings[i].start);
    if (start == 0 || address < start || address - start >= atomic_load(&mappings[i].size)) continue;
    uintptr_t page = address & ~((uintptr_t)page_size - 1);
    void *zeros = mmap((void *)page, (size_t)page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (zeros == MAP_FAILED) break;
    atomic_store(&mappings[i].cut, true);
    return;
  }
  // Not one of ours: whoever was here before decides, by default the process ends.
  sigaction(SIGBUS, &previous_action, NULL);
  if (previous_action.sa_flags & SA_SIGINFO && previous_action.sa_sigaction) {
    previous_action.sa_sigaction(signal_number, info, context);
  }
}

static void install_handler(void) {
  page_size = sysconf(_SC_PAGESIZE);
  struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous_action);
}

const void *csystem_map(int fd, size_t size) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install_handler);
  if (size == 0) {
    errno = EINVAL;
    return NULL;
  }
  pthread_mutex_lock(&lock);
  int slot = 0;
  while (slot < kMaximumMappings && atomic_load(&mappings[slot].start) != 0) slot++;
  const void *address = NULL;
  if (slot == kMaximumMappings) {
    errno = ENOMEM;
  } else {
    void *mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED) {
      atomic_store(&mappings[slot].cut, false);
      atomic_store(&mappings[slot].size, size);
      atomic_store(&mappings[slot].start, (uintptr_t)mapped);
      address = mapped;
    }
  }
  pthread_mutex_unlock(&lock);
  return address;
}

static int slot_of(const void *address) {
  for (int i = 0; i < kMaximumMappings; i++) {
    if (atomic_load(&mappings[i].start) == (uintptr_t)address) return i;
  }
  return -1;
}

void csystem_unmap(const void *address, size_t size) {
  pthread_mutex_lock(&lock);
  int slot = slot_of(address);
  if (slot >= 0) atomic_store(&mappings[slot].start, 0);
  munmap((void *)address, size);
  pthread_mutex_unlock(&lock);
}

bool csystem_mapping_was_cut(const void *address) {
  int slot = slot_of(address);
  return slot >= 0 && atomic_load(&mappings[slot].cut);
}
