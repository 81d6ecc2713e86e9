// ncurses for Swift: wrappers for what is a macro, takes variable arguments or is a global variable.
#pragma once
#define NCURSES_WIDECHAR 1
#ifndef _XOPEN_SOURCE_EXTENDED
#define _XOPEN_SOURCE_EXTENDED 1
#endif
#include <curses.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "direct_color.h"

extern int wcwidth(wchar_t);

enum { CCURSES_BOLD = 1, CCURSES_DIM = 2, CCURSES_UNDERLINE = 4, CCURSES_REVERSE = 8 };

// newterm with a description of our own, if there is one, in place of the one that is installed.
static inline SCREEN *ccurses_newterm(FILE *output, FILE *input, const char *description) {
  if (!description) return newterm(NULL, output, input);
  const char *set = getenv("TERMINFO");
  char *before = set ? strdup(set) : NULL;
  setenv("TERMINFO", description, 1);
  SCREEN *screen = newterm(NULL, output, input);
  // Programs that are started from here shall find what we found.
  if (before) setenv("TERMINFO", before, 1);
  else unsetenv("TERMINFO");
  free(before);
  return screen ? screen : newterm(NULL, output, input);
}

// Takes over the terminal; with any colour if it says that it has them, and colours are wanted. Returns NULL where
// ncurses does not know it (it would end the program itself in initscr).
static inline SCREEN *ccurses_open(FILE *output, FILE *input, bool wants_color) {
  char *description = wants_color ? ccurses_direct_color(fileno(output)) : NULL;
  SCREEN *screen = ccurses_newterm(output, input, description);
  free(description);
  if (!screen) return NULL;
  raw();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  leaveok(stdscr, FALSE);
  scrollok(stdscr, FALSE);
  idlok(stdscr, FALSE);
  if (has_colors()) {
    start_color();
    use_default_colors();
  }
  return screen;
}

// How many colours the terminal shows; 0 for none.
static inline int ccurses_colors(void) { return has_colors() ? COLORS : 0; }

static inline void ccurses_size(int *columns, int *rows) {
  *columns = COLS;
  *rows = LINES;
}

// The number of the pair of colours that was used last; they are given out one after another.
static inline int *ccurses_last_pair(void) {
  static int pair;
  return &pair;
}

// Whether so many more cells may use up all pairs of colours: ncurses would take away some that are on the screen.
static inline bool ccurses_is_short_of_pairs(int cells) {
  int last = *ccurses_last_pair();
  // Where there are few pairs, colours are few as well.
  return COLOR_PAIRS > 1 << 15 && last >= COLOR_PAIRS / 2 && last >= COLOR_PAIRS - cells;
}

// Gives all pairs back. Everything has to be put again.
static inline void ccurses_release_pairs(void) {
  reset_color_pairs();
  *ccurses_last_pair() = 0;
}

// Puts a character with its marks. Colours are -1 for the terminal's own, else an index or 0xRRGGBB, as the terminal
// takes them. False if it could not be put.
static inline bool ccurses_put(
    int column, int row, const wchar_t *text, int attributes, int foreground, int background) {
  attr_t look = A_NORMAL;
  if (attributes & CCURSES_BOLD) look |= A_BOLD;
  if (attributes & CCURSES_DIM) look |= A_DIM;
  if (attributes & CCURSES_UNDERLINE) look |= A_UNDERLINE;
  if (attributes & CCURSES_REVERSE) look |= A_REVERSE;
  int pair = 0;
  if ((foreground >= 0 || background >= 0) && has_colors()) {
    pair = alloc_pair(foreground, background);
    if (pair < 0) pair = 0;
    if (pair > *ccurses_last_pair()) *ccurses_last_pair() = pair;
  }
  cchar_t cell;
  if (setcchar(&cell, text, look, 0, &pair) == ERR) return false;
  // Writing into the last place of the screen reports an error, since the cursor cannot go on.
  mvadd_wch(row, column, &cell);
  return true;
}

// Shows what was put and places the cursor; a negative column hides it.
static inline void ccurses_update(int column, int row) {
  curs_set(column < 0 ? 0 : 1);
  if (column >= 0) move(row, column);
  wnoutrefresh(stdscr);
  doupdate();
}

static inline void ccurses_resize(int columns, int rows) { resizeterm(rows, columns); }

// Forgets what is on the screen, so that the next update draws all of it.
static inline void ccurses_forget(void) { clearok(curscr, TRUE); }

static inline void ccurses_erase(void) { werase(stdscr); }

// Copies a string that the terminal's description holds (such as "rmcup"); returns its length, 0 if it has none.
static inline size_t ccurses_capability(const char *name, char *buffer, size_t size) {
  const char *value = tigetstr(name);
  if (!value || value == (const char *)-1) return 0;
  // Delays ($<5>) are for terminals of long ago.
  size_t length = 0;
  for (const char *c = value; *c && length + 1 < size; c++) {
    if (c[0] == '$' && c[1] == '<') {
      const char *end = strchr(c, '>');
      if (end) {
        c = end;
        continue;
      }
    }
    buffer[length++] = *c;
  }
  buffer[length] = 0;
  return length;
}

// The columns that the C library, and so ncurses, gives a character; -1 for what it does not know.
static inline int ccurses_width(wchar_t character) { return wcwidth(character); }
