#ifndef CBENCH_H
#define CBENCH_H

#include <features.h>
#include <stdint.h>
#include <sys/types.h>

/* The system calls that Swift's Glibc module lacks, and the socket calls of the load, each in one step.
   Functions return a negative errno where they fail. */

enum {
    BENCH_IN = 0x1,
    BENCH_OUT = 0x4,
    BENCH_RDHUP = 0x2000,
};

struct bench_event {
    uint32_t events;
    int32_t descriptor;
};

int bench_epoll_create(void);
int bench_epoll_add(int epoll, int descriptor, uint32_t events, int edge_triggered);
int bench_epoll_wait(int epoll, struct bench_event *events, int capacity, int milliseconds);

/* Listens on 127.0.0.1 with a free port of those that Nomad gives to tasks, which is written to *port. */
int bench_listen(uint16_t *port);
/* A port that was free a moment ago. */
int bench_free_port(void);
int bench_accept(int listener);
/* Starts a non-blocking connect to 127.0.0.1. */
int bench_connect(uint16_t port);
/* The result of a connect: 0 or a negative errno. */
int bench_connect_result(int descriptor);
/* Up to `size` bytes of zeros; size is at most BENCH_BLOCK. */
ssize_t bench_send(int descriptor, size_t size);
/* Receives and throws away without copying (MSG_TRUNC, tcp(7)); 0 is the end of stream. */
ssize_t bench_discard(int descriptor, size_t size);
#define BENCH_BLOCK (256 * 1024)

/* Returns whatever comes to 127.0.0.1:port, with the fewest system calls and real copies; ends with the process only, or
   with a negative errno. */
int bench_echo(uint16_t port);

/* How long a cache line takes from one CPU to another, in nanoseconds: the median of some hundred samples within a few
   milliseconds. Virtual CPUs are moved about by their host, and with them the cost of whatever passes between them.
   Negative where a CPU may not be used. */
double bench_hop(int from, int to);

/* Connects to a unix socket; the descriptor blocks. */
int bench_connect_path(const char *path);

/* Starts a program on one CPU (or any, when cpu is negative); it dies with the calling thread (PR_SET_PDEATHSIG) and is
   killed when the harness is interrupted. input and output may be -1 for /dev/null. */
pid_t bench_spawn(
    const char *path, char *const argv[], char *const environment[], int cpu, int input, int output, int error);
/* Waits up to `milliseconds` for the end of a child, reaps it and forgets it: 1 and *status, or 0 while it runs. */
int bench_reap(pid_t child, int milliseconds, int *status);

/* From now on SIGINT, SIGTERM and SIGHUP kill all children and are remembered. */
void bench_watch_signals(void);
int bench_interrupted(void);

#endif
