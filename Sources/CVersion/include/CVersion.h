#ifndef CVERSION_H
#define CVERSION_H

/* The commit of a release build, empty where none was given. */
const char *fanout_commit(void);

#endif
