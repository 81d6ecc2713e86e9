// gdk-pixbuf for Swift: the library's own headers, plus wrappers for what Swift cannot import.
#pragma once
#include <gdk-pixbuf/gdk-pixbuf.h>
