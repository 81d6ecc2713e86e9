// A terminal's description with direct colour in place of its palette.
//
// ncurses sends red, green and blue only where a description says how, and the descriptions that are installed
// everywhere do not, whatever the terminal can do. So one is made from the terminal's own, in the compiled form that
// term(5) describes, and given to ncurses in TERMINFO.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Declared here, since <term.h> makes macros of words like `columns`.
extern const char *const boolnames[];
extern const char *const numnames[];
extern const char *const strnames[];
extern int setupterm(const char *, int, int *);
extern int tigetflag(const char *);
extern int tigetnum(const char *);
extern char *tigetstr(const char *);
struct term;
extern struct term *set_curterm(struct term *);
extern int del_curterm(struct term *);

typedef struct {
  uint8_t bytes[8192];
  size_t count;
  bool is_full;
} ccurses_description;

static inline void ccurses_add(ccurses_description *entry, const void *bytes, size_t count) {
  if (count > sizeof entry->bytes - entry->count) {
    entry->is_full = true;
    return;
  }
  memcpy(entry->bytes + entry->count, bytes, count);
  entry->count += count;
}

// Little-endian, as all numbers of a description.
static inline void ccurses_add_number(ccurses_description *entry, int32_t value, int width) {
  for (int index = 0; index < width; index++) {
    uint8_t byte = (uint32_t)value >> (8 * index) & 0xff;
    ccurses_add(entry, &byte, 1);
  }
}

static inline void ccurses_align(ccurses_description *entry) {
  if (entry->count % 2) ccurses_add(entry, "", 1);
}

static inline bool ccurses_is(const char *name, const char *other) { return strcmp(name, other) == 0; }

// The terminal's string of this name, or the one for direct colour; NULL for none. Direct colour has no palette to
// change or to set back.
static inline const char *ccurses_direct_string(const char *name) {
#define CCURSES_RGB "%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%dm"
  if (ccurses_is(name, "setaf")) return "\033[38;2;" CCURSES_RGB;
  if (ccurses_is(name, "setab")) return "\033[48;2;" CCURSES_RGB;
  if (ccurses_is(name, "setf") || ccurses_is(name, "setb")) return NULL;
  if (ccurses_is(name, "initc") || ccurses_is(name, "initp") || ccurses_is(name, "oc")) return NULL;
  const char *value = tigetstr(name);
  return value == (const char *)-1 ? NULL : value;
}

// Writes the description of the terminal that was set up last.
static inline void ccurses_describe(ccurses_description *entry, const char *terminal) {
  size_t bools = 0, numbers = 0, strings = 0, size = 0;
  while (boolnames[bools]) bools++;
  while (numnames[numbers]) numbers++;
  for (; strnames[strings]; strings++) {
    const char *value = ccurses_direct_string(strnames[strings]);
    if (value) size += strlen(value) + 1;
  }
  // Numbers of 32 bits; the names; how many of each there are.
  const size_t header[] = {01036, strlen(terminal) + 1, bools, numbers, strings, size};
  for (int index = 0; index < 6; index++) ccurses_add_number(entry, (int32_t)header[index], 2);
  ccurses_add(entry, terminal, strlen(terminal) + 1);
  for (size_t index = 0; index < bools; index++) {
    uint8_t flag = tigetflag(boolnames[index]) == 1 && !ccurses_is(boolnames[index], "ccc");
    ccurses_add(entry, &flag, 1);
  }
  ccurses_align(entry);
  for (size_t index = 0; index < numbers; index++) {
    int value = tigetnum(numnames[index]);
    if (ccurses_is(numnames[index], "colors")) value = 1 << 24;
    if (ccurses_is(numnames[index], "pairs")) value = 1 << 16;
    ccurses_add_number(entry, value < 0 ? -1 : value, 4);
  }
  size_t offset = 0;
  for (size_t index = 0; index < strings; index++) {
    const char *value = ccurses_direct_string(strnames[index]);
    ccurses_add_number(entry, value ? (int32_t)offset : -1, 2);
    if (value) offset += strlen(value) + 1;
  }
  for (size_t index = 0; index < strings; index++) {
    const char *value = ccurses_direct_string(strnames[index]);
    if (value) ccurses_add(entry, value, strlen(value) + 1);
  }
  ccurses_align(entry);
  // What ncurses added to the form: that a colour is its red, green and blue, and that 39 and 49 set colours back.
  static const char names[] = "AX\0RGB";
  const size_t extended[] = {2, 0, 0, 2, sizeof names};
  for (int index = 0; index < 5; index++) ccurses_add_number(entry, (int32_t)extended[index], 2);
  const uint8_t flags[] = {tigetflag("AX") == 1, 1};
  ccurses_add(entry, flags, sizeof flags);
  ccurses_add_number(entry, 0, 2);
  ccurses_add_number(entry, 3, 2);
  ccurses_add(entry, names, sizeof names);
}

// Whether the terminal says that it takes any colour. GNU screen does not, though it hands on what the terminal around
// it says; tmux, which may call itself screen, does.
static inline bool ccurses_takes_any_color(const char *terminal) {
  const char *promise = getenv("COLORTERM");
  if (!promise || (!ccurses_is(promise, "truecolor") && !ccurses_is(promise, "24bit"))) return false;
  return strncmp(terminal, "screen", 6) != 0 || getenv("TMUX");
}

// A value for TERMINFO with which ncurses sends colours as they are, to be freed; NULL where the terminal does not take
// them, or its description has them anyway.
static inline char *ccurses_direct_color(int output) {
  const char *terminal = getenv("TERM");
  int result = 0;
  if (!terminal || !ccurses_takes_any_color(terminal) || setupterm(NULL, output, &result) != OK) return NULL;
  char *text = NULL;
  ccurses_description entry = {.count = 0};
  int colors = tigetnum("colors");
  if (colors >= 256 && colors < 1 << 24 && ccurses_direct_string("op")) {
    ccurses_describe(&entry, terminal);
    if (!entry.is_full) text = malloc(5 + 2 * entry.count);
  }
  if (text) {
    memcpy(text, "hex:", 4);
    for (size_t index = 0; index < entry.count; index++) {
      text[4 + 2 * index] = "0123456789ABCDEF"[entry.bytes[index] >> 4];
      text[5 + 2 * index] = "0123456789ABCDEF"[entry.bytes[index] & 15];
    }
    text[4 + 2 * entry.count] = 0;
  }
  del_curterm(set_curterm(NULL));
  return text;
}
