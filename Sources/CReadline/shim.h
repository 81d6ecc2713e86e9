// readline for Swift: its settings are global variables, which Swift's concurrency checks do not let through.
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/history.h>
#include <readline/readline.h>

typedef struct {
  // A finished line, or NULL at the end of input.
  void (*line)(const char *line);
  // All completions of the text before the cursor, as a NULL-terminated array from malloc; NULL for none.
  char **(*complete)(const char *text);
  // The ways to go on, to be shown.
  void (*show)(char **matches, int count);
  // The user's key for the external editor.
  void (*edit)(void);
} creadline_callbacks;

typedef struct {
  creadline_callbacks callbacks;
  // What the terminal sent and readline has not asked for yet.
  unsigned char queue[8192];
  size_t first, count;
} creadline_state;

// In a function: Swift's compiler leaves out variables of a header's file scope.
static inline creadline_state *creadline_mine(void) {
  static creadline_state state;
  return &state;
}

static int creadline_getc(FILE *stream) {
  (void)stream;
  // With nothing left, readline asks for more in the middle of something: C-g ends whatever it is.
  creadline_state *mine = creadline_mine();
  if (mine->count == 0) return 7;
  mine->count--;
  return mine->queue[mine->first++];
}

static int creadline_available(void) { return creadline_mine()->count > 0; }
static void creadline_redisplay(void) {}
static void creadline_prepare(int meta) { (void)meta; }
static void creadline_unprepare(void) {}

static void creadline_line(char *line) {
  creadline_mine()->callbacks.line(line);
  free(line);
}

static char *creadline_nothing(const char *text, int state) {
  (void)text, (void)state;
  return NULL;
}

static char **creadline_complete(const char *text, int start, int end) {
  (void)start, (void)end;
  rl_attempted_completion_over = 1;
  rl_completion_append_character = 0;
  rl_completion_suppress_append = 1;
  rl_completion_suppress_quote = 1;
  rl_filename_completion_desired = 0;
  rl_sort_completion_matches = 0;
  return creadline_mine()->callbacks.complete(text);
}

static void creadline_show(char **matches, int count, int longest) {
  (void)longest;
  creadline_mine()->callbacks.show(matches + 1, count);
}

static char *creadline_no_break(void) { return (char *)""; }

static int creadline_edit(int count, int key) {
  (void)count, (void)key;
  creadline_mine()->callbacks.edit();
  return 0;
}

// Starts the editor. It neither reads nor writes a terminal: `nowhere` is a stream to nowhere.
static inline void creadline_open(creadline_callbacks callbacks, FILE *nowhere) {
  creadline_mine()->callbacks = callbacks;
  rl_readline_name = "tinygptv";
  rl_instream = nowhere;
  rl_outstream = nowhere;
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;
  rl_prep_term_function = creadline_prepare;
  rl_deprep_term_function = creadline_unprepare;
  rl_getc_function = creadline_getc;
  rl_input_available_hook = creadline_available;
  rl_redisplay_function = creadline_redisplay;
  rl_completion_entry_function = creadline_nothing;
  rl_attempted_completion_function = creadline_complete;
  rl_completion_display_matches_hook = creadline_show;
  rl_completion_word_break_hook = creadline_no_break;
  rl_completer_word_break_characters = (char *)"";
  rl_completer_quote_characters = "";
  rl_add_defun("edit-in-editor", creadline_edit, -1);
  using_history();
  history_comment_char = '#';
  history_write_timestamps = 1;
  rl_callback_handler_install("", creadline_line);
  rl_bind_keyseq_if_unbound("\\C-x\\C-e", creadline_edit);
}

static inline void creadline_close(void) { rl_callback_handler_remove(); }

// Lets the editor work on these bytes; at most 8192 at once.
static inline void creadline_feed(const unsigned char *bytes, size_t count) {
  creadline_state *mine = creadline_mine();
  if (count > sizeof mine->queue) count = sizeof mine->queue;
  memcpy(mine->queue, bytes, count);
  mine->first = 0;
  mine->count = count;
  while (mine->count > 0) rl_callback_read_char();
}

static inline bool creadline_is_vi(void) { return rl_editing_mode == 0; }
static inline const char *creadline_text(void) { return rl_line_buffer ? rl_line_buffer : ""; }
static inline int creadline_cursor(void) { return rl_point; }
static inline void creadline_move(int cursor) { rl_point = cursor < 0 ? 0 : cursor > rl_end ? rl_end : cursor; }
static inline void creadline_insert(const char *text) {
  rl_begin_undo_group();
  rl_insert_text(text);
  rl_end_undo_group();
}
static inline void creadline_replace(const char *text) {
  rl_begin_undo_group();
  rl_delete_text(0, rl_end);
  rl_point = 0;
  rl_insert_text(text);
  rl_end_undo_group();
}
// What stands before the line while history is searched; NULL if it is not.
static inline const char *creadline_search(void) {
  return RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH) ? rl_display_prompt : NULL;
}

static inline void creadline_remember(const char *line) {
  HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
  if (last && strcmp(last->line, line) == 0) return;
  add_history(line);
  // The next line has begun already; its place in the history is behind this one.
  using_history();
}
static inline void creadline_limit(int count) { stifle_history(count); }
static inline int creadline_history_count(void) { return history_length; }
