// The few things of the operating system that Swift cannot do safely by itself.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: guarded file mappings
//
// A file that shrinks after it was mapped raises SIGBUS on access. A guarded mapping answers the fault with a page of
// zeros and remembers that it happened, so the caller can report it as an error instead of dying.

// Maps `size` bytes of `fd` read-only, shared with the page cache. Returns NULL and sets errno on failure; at most 64
// guarded mappings may exist at once (ENOMEM beyond).
const void *csystem_map(int fd, size_t size);
// Removes a mapping made by csystem_map.
void csystem_unmap(const void *address, size_t size);
// Whether an access to this mapping found the file shorter than it was when mapped.
bool csystem_mapping_was_cut(const void *address);

// MARK: names of files

// Lets two files or directories swap names in one step. False where the system or the file system cannot.
bool csystem_exchange_names(const char *one, const char *other);

// MARK: time, memory, cores

// The process's peak resident set size in bytes (VmHWM of /proc/self/status; 0 where it cannot be read).
uint64_t csystem_peak_resident_bytes(void);
// Seconds on the monotonic clock.
double csystem_seconds(void);

// The processor cores that this process may run on.
int csystem_available_cores(void);

// MARK: giving the terminal back
//
// A program that draws on a terminal must leave it as it was, however it ends. A handler of the signals that end
// programs (HUP, INT, QUIT, ILL, TRAP, ABRT, BUS, FPE, SEGV, TERM) writes bytes that were computed before, sets the
// terminal's modes back, and raises the signal again for whoever handled it before.

// Remembers the modes of the terminal and installs the handlers. Returns false if `terminal` is none.
bool csystem_terminal_open(int terminal);
// What gives the terminal back; at most 1024 bytes. While it is empty, nothing is written and no modes are set.
void csystem_terminal_set_restore(const char *bytes, size_t count);
// Sets the modes of csystem_terminal_open again.
void csystem_terminal_reset_modes(void);
// Calls of signals that do not end a program (WINCH, TSTP, CONT) and of those that ask it to end (TERM, HUP) are written
// to this descriptor, a byte each: the signal's number. HUP and TERM end the program by themselves where nobody reads
// within two seconds.
void csystem_terminal_notify(int descriptor);
// Stops this process and the others of its job, as Ctrl-Z does; returns when they go on. Where nobody could let them go
// on, they are not stopped.
void csystem_stop_job(void);
// Removes all handlers.
void csystem_terminal_close(void);

// MARK: child processes (tests)

typedef struct {
  int status;            // as waitpid returns it
  bool timed_out;        // killed after `seconds`
  uint64_t peak_bytes;   // the child's own peak resident set size
  double elapsed;        // seconds of wall clock
} csystem_child_result;

// Runs argv[0] with the three descriptors as its standard streams, at most `seconds` long and with at most
// `data_limit` bytes of private memory (RLIMIT_DATA; 0: no limit). Returns 0, or an errno.
int csystem_run_child(
    char *const argv[], char *const envp[], int stdin_fd, int stdout_fd, int stderr_fd, double seconds,
    uint64_t data_limit, csystem_child_result *result);
