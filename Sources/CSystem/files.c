#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>

#include "CSystem.h"

bool csystem_exchange_names(const char *one, const char *other) {
#ifdef RENAME_EXCHANGE
  return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0;
#else
  return false;
#endif
}
