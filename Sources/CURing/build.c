#include "CURing.h"

/* Set by Package.swift from the environment of the build. */
#ifndef FANOUT_COMMIT
#define FANOUT_COMMIT "unknown"
#endif

const char *fanout_commit(void) { return FANOUT_COMMIT; }
