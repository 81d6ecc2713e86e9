#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "CSystem.h"

static int terminal = -1;
static struct termios modes;
static char restore[1024];
static volatile sig_atomic_t restore_count;
static volatile sig_atomic_t notify_descriptor = -1;
static volatile sig_atomic_t was_asked;

static const int ending[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,  SIGFPE,
                             SIGSEGV, SIGTERM, SIGALRM, SIGSYS,  SIGXCPU, SIGUSR1, SIGUSR2, SIGPIPE};
static const int notifying[] = {SIGWINCH, SIGTSTP, SIGCONT};
enum { ENDING = sizeof ending / sizeof *ending, NOTIFYING = sizeof notifying / sizeof *notifying };
static struct sigaction before[ENDING], before_notifying[NOTIFYING];

static void give_back(void) {
  size_t count = (size_t)restore_count, done = 0;
  restore_count = 0;
  if (count == 0) return;
  while (done < count) {
    ssize_t written = write(terminal, restore + done, count - done);
    if (written <= 0 && errno != EINTR) break;
    if (written > 0) done += (size_t)written;
  }
  // A process in the background that sets modes would be stopped; it may not care any more.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  tcsetattr(terminal, TCSANOW, &modes);
}

static bool tell(int number) {
  int descriptor = notify_descriptor;
  if (descriptor < 0) return false;
  unsigned char byte = (unsigned char)number;
  return write(descriptor, &byte, 1) == 1;
}

static void on_end(int number) {
  int error = errno;
  // HUP and TERM let the program end by itself, so that it can save what it has; once, and not for long.
  if ((number == SIGTERM || number == SIGHUP) && !was_asked && tell(number)) {
    was_asked = number;
    alarm(2);
    errno = error;
    return;
  }
  if (number == SIGALRM && was_asked) number = was_asked;
  give_back();
  for (int i = 0; i < ENDING; i++) {
    if (ending[i] == number) sigaction(number, &before[i], NULL);
  }
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  // A fault of the processor happens again on return; what was sent has to be sent again.
  raise(number);
  errno = error;
}

static void on_notice(int number) {
  int error = errno;
  tell(number);
  errno = error;
}

bool csystem_terminal_open(int descriptor) {
  if (tcgetattr(descriptor, &modes) != 0) return false;
  terminal = descriptor;
  was_asked = 0;
  // A library may call exit.
  static bool is_registered;
  if (!is_registered) is_registered = atexit(give_back) == 0;
  // A stack that has run over cannot hold the handler. The main thread's can: the others, which compute, call nothing
  // that is nested without end.
  static char handler_stack[64 * 1024];
  stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_handler = on_end, .sa_flags = SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < ENDING; i++) sigaction(ending[i], &action, &before[i]);
  action.sa_handler = on_notice;
  action.sa_flags = SA_RESTART;
  for (int i = 0; i < NOTIFYING; i++) sigaction(notifying[i], &action, &before_notifying[i]);
  return true;
}

void csystem_terminal_set_restore(const char *bytes, size_t count) {
  restore_count = 0;
  if (count > sizeof restore) count = sizeof restore;
  memcpy(restore, bytes, count);
  restore_count = (sig_atomic_t)count;
}

void csystem_terminal_reset_modes(void) {
  if (terminal >= 0) tcsetattr(terminal, TCSADRAIN, &modes);
}

void csystem_terminal_notify(int descriptor) { notify_descriptor = descriptor; }

void csystem_stop_job(void) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, standard = {.sa_handler = SIG_DFL}, mine;
  sigaction(SIGTSTP, &ignore, &mine);
  kill(0, SIGTSTP);
  sigaction(SIGTSTP, &standard, NULL);
  // To this thread, so that it stops here and not some time later.
  raise(SIGTSTP);
  sigaction(SIGTSTP, &mine, NULL);
}

void csystem_terminal_close(void) {
  restore_count = 0;
  notify_descriptor = -1;
  for (int i = 0; i < ENDING; i++) sigaction(ending[i], &before[i], NULL);
  for (int i = 0; i < NOTIFYING; i++) sigaction(notifying[i], &before_notifying[i], NULL);
  alarm(0);
}
