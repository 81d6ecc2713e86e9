// libchafa for Swift.
#pragma once
#include <chafa.h>

// A picture of RGB drawn over all of columns × rows cells. `stride` is how many bytes a row of pixels takes, a multiple
// of four. `colors` is how many the terminal has. Release it with chafa_canvas_unref.
static inline ChafaCanvas *cchafa_draw(
    const guint8 *pixels, int width, int height, int stride, int columns, int rows, int colors, gboolean ascii) {
  ChafaSymbolMap *symbols = chafa_symbol_map_new();
  // Blocks and halves, with quarters: in every font, and of one cell. Without colours the shapes of letters help.
  chafa_symbol_map_add_by_tags(
      symbols, ascii ? CHAFA_SYMBOL_TAG_ASCII
                     : CHAFA_SYMBOL_TAG_SPACE | CHAFA_SYMBOL_TAG_SOLID | CHAFA_SYMBOL_TAG_HALF | CHAFA_SYMBOL_TAG_QUAD |
                           CHAFA_SYMBOL_TAG_BLOCK);
  ChafaCanvasConfig *config = chafa_canvas_config_new();
  chafa_canvas_config_set_geometry(config, columns, rows);
  chafa_canvas_config_set_symbol_map(config, symbols);
  chafa_canvas_config_set_pixel_mode(config, CHAFA_PIXEL_MODE_SYMBOLS);
  chafa_canvas_config_set_canvas_mode(
      config, colors >= 1 << 24 ? CHAFA_CANVAS_MODE_TRUECOLOR
              : colors >= 256   ? CHAFA_CANVAS_MODE_INDEXED_240
              : colors >= 16    ? CHAFA_CANVAS_MODE_INDEXED_16
              : colors >= 8     ? CHAFA_CANVAS_MODE_INDEXED_8
                                : CHAFA_CANVAS_MODE_FGBG);
  // As eyes see it: in RGB an orange comes out pink.
  if (colors < 1 << 24) chafa_canvas_config_set_color_space(config, CHAFA_COLOR_SPACE_DIN99D);
  // A picture for no colours is black and white already.
  if (colors < 8) chafa_canvas_config_set_preprocessing_enabled(config, FALSE);
  else if (colors < 256) chafa_canvas_config_set_dither_mode(config, CHAFA_DITHER_MODE_ORDERED);
  chafa_canvas_config_set_work_factor(config, 0.5f);
  ChafaCanvas *canvas = chafa_canvas_new(config);
  chafa_canvas_draw_all_pixels(canvas, CHAFA_PIXEL_RGB8, pixels, width, height, stride);
  chafa_canvas_config_unref(config);
  chafa_symbol_map_unref(symbols);
  return canvas;
}

// The character and colours of a cell: -1 for the terminal's own, an index, or 0xRRGGBB with the terminal's 2^24 colours.
// The character is 0 in the right half of a wide one.
static inline gunichar cchafa_cell(ChafaCanvas *canvas, int column, int row, int *foreground, int *background) {
  chafa_canvas_get_raw_colors_at(canvas, column, row, foreground, background);
  return chafa_canvas_get_char_at(canvas, column, row);
}
