// gdk-pixbuf for Swift: the library's own headers, plus wrappers for what Swift cannot import. zlib comes with it
// (libgdk-pixbuf-2.0-dev depends on libpng-dev, which depends on zlib1g-dev).
#pragma once
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <string.h>
#include <zlib.h>

static void cpixbuf_discard_message(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
  (void)domain, (void)level, (void)message, (void)data;
}

// Keeps GLib's warnings off the terminal, which belongs to the program.
static inline void cpixbuf_discard_messages(void) { g_log_set_default_handler(cpixbuf_discard_message, NULL); }

// Decodes `count` bytes with the loader of this name ("png", "jpeg" …), never with one found by guessing. Returns a
// reference to the (first) picture, or NULL and in `message` why, to be freed with g_free.
static inline GdkPixbuf *cpixbuf_decode(const char *loader_name, const guchar *bytes, gsize count, gchar **message) {
  GError *error = NULL;
  GdkPixbuf *picture = NULL;
  *message = NULL;
  GdkPixbufLoader *loader = gdk_pixbuf_loader_new_with_type(loader_name, &error);
  if (loader) {
    gboolean written = gdk_pixbuf_loader_write(loader, bytes, count, &error);
    // A loader must be closed before it is released; of two errors the first one tells.
    gboolean closed = gdk_pixbuf_loader_close(loader, written ? &error : NULL);
    if (written && closed) picture = gdk_pixbuf_loader_get_pixbuf(loader);
    if (picture) g_object_ref(picture);
    g_object_unref(loader);
  }
  if (!picture) *message = g_strdup(error ? error->message : "no picture in it");
  g_clear_error(&error);
  return picture;
}

static inline void cpixbuf_release(GdkPixbuf *picture) { g_object_unref(picture); }

// Encodes packed RGB as PNG, or as JPEG where `jpeg_quality` ("1" to "100") is given, into `buffer`, to be freed with
// g_free. Returns FALSE and a `message`, to be freed with g_free, on failure.
static inline gboolean cpixbuf_encode(
    const guchar *pixels, int width, int height, const char *jpeg_quality, gchar **buffer, gsize *count,
    gchar **message) {
  GError *error = NULL;
  GdkPixbuf *picture =
      gdk_pixbuf_new_from_data(pixels, GDK_COLORSPACE_RGB, FALSE, 8, width, height, width * 3, NULL, NULL);
  gboolean saved = jpeg_quality
      ? gdk_pixbuf_save_to_buffer(picture, buffer, count, "jpeg", &error, "quality", jpeg_quality, NULL)
      : gdk_pixbuf_save_to_buffer(picture, buffer, count, "png", &error, NULL);
  *message = saved ? NULL : g_strdup(error ? error->message : "no reason given");
  g_clear_error(&error);
  g_object_unref(picture);
  return saved;
}

// How many bytes a zlib stream inflates to, counted up to `limit` and without keeping them; what comes before a fault
// in the stream counts.
static inline size_t cpixbuf_inflated_size(const unsigned char *bytes, size_t count, size_t limit) {
  z_stream stream;
  unsigned char scratch[32768];
  size_t total = 0, taken = 0;
  memset(&stream, 0, sizeof stream);
  if (inflateInit(&stream) != Z_OK) return 0;
  int status = Z_OK;
  while (status == Z_OK && total < limit) {
    if (stream.avail_in == 0 && taken < count) {
      size_t part = count - taken < (1u << 30) ? count - taken : (1u << 30);
      stream.next_in = (unsigned char *)bytes + taken;
      stream.avail_in = (uInt)part;
      taken += part;
    }
    stream.next_out = scratch;
    stream.avail_out = sizeof scratch;
    status = inflate(&stream, Z_NO_FLUSH);
    total += sizeof scratch - stream.avail_out;
  }
  inflateEnd(&stream);
  return total;
}
