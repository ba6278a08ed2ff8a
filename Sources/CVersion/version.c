#include "CVersion.h"

/* By Package.swift from the environment: in a target of its own, so that another commit compiles this file alone. */
#ifndef FANOUT_COMMIT
#define FANOUT_COMMIT ""
#endif

const char *fanout_commit(void) { return FANOUT_COMMIT; }
