#define _GNU_SOURCE  // pipe2
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "CSystem.h"

double csystem_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static uint64_t peak_of(const char *status_path) {
  FILE *file = fopen(status_path, "r");
  if (!file) return 0;
  char line[256];
  unsigned long long kilobytes = 0;
  while (fgets(line, sizeof line, file)) {
    if (sscanf(line, "VmHWM: %llu kB", &kilobytes) == 1) break;
  }
  fclose(file);
  return (uint64_t)kilobytes * 1024;
}

uint64_t csystem_peak_resident_bytes(void) { return peak_of("/proc/self/status"); }

int csystem_run_child(
    char *const argv[], char *const envp[], int stdin_fd, int stdout_fd, int stderr_fd, double seconds,
    uint64_t data_limit, csystem_child_result *result) {
  memset(result, 0, sizeof *result);
  double start = csystem_seconds();
  // Ends when the child becomes its own program: until then its memory is this process's.
  int program[2];
  if (pipe2(program, O_CLOEXEC) != 0) return errno;
  pid_t child = fork();
  if (child < 0) {
    int error = errno;
    close(program[0]);
    close(program[1]);
    return error;
  }
  if (child == 0) {
    // Only async-signal-safe calls from here to exec: the parent may have threads.
    if (dup2(stdin_fd, 0) < 0 || dup2(stdout_fd, 1) < 0 || dup2(stderr_fd, 2) < 0) _exit(126);
    // The threads of a test runner block signals, and a child that inherits that cannot be asked to stop.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (data_limit > 0) {
      struct rlimit data = {data_limit, data_limit};
      setrlimit(RLIMIT_DATA, &data);
    }
    execve(argv[0], argv, envp);
    _exit(127);
  }
  close(program[1]);
  // The peak is read while the child is a zombie no longer: rusage would include this process's own peak, which the
  // child inherits at fork, so sample the child's status file instead (its high-water mark only grows).
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/status", (int)child);
  for (;;) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child) break;
    struct pollfd end = {program[0], POLLIN, 0};
    uint64_t peak = poll(&end, 1, 0) > 0 ? peak_of(path) : 0;
    if (peak > 0) result->peak_bytes = peak;
    if (csystem_seconds() - start > seconds) {
      result->timed_out = true;
      kill(child, SIGKILL);
    }
    struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
  }
  result->elapsed = csystem_seconds() - start;
  close(program[0]);
  while (waitpid(child, &result->status, 0) < 0 && errno == EINTR) {
  }
  return 0;
}
