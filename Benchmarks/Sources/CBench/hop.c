#define _GNU_SOURCE
#include "CBench.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { SAMPLES = 301, ROUND_TRIPS = 50 };

struct line {
    _Alignas(128) atomic_int value;
};

static void *far_end(void *argument)
{
    struct line *line = argument;
    for (int i = 0; i < SAMPLES * ROUND_TRIPS; i++) {
        while (atomic_load_explicit(&line->value, memory_order_acquire) != 2 * i + 1) {}
        atomic_store_explicit(&line->value, 2 * i + 2, memory_order_release);
    }
    return NULL;
}

static double nanoseconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double near_end(struct line *line)
{
    double samples[SAMPLES];
    for (int i = 0; i < SAMPLES * ROUND_TRIPS; i++) {
        if (i % ROUND_TRIPS == 0) samples[i / ROUND_TRIPS] = nanoseconds();
        atomic_store_explicit(&line->value, 2 * i + 1, memory_order_release);
        while (atomic_load_explicit(&line->value, memory_order_acquire) != 2 * i + 2) {}
        if ((i + 1) % ROUND_TRIPS == 0) samples[i / ROUND_TRIPS] = nanoseconds() - samples[i / ROUND_TRIPS];
    }
    qsort(samples, SAMPLES, sizeof *samples, ascending);
    return samples[SAMPLES / 2] / (2 * ROUND_TRIPS);
}

static cpu_set_t only(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return set;
}

double bench_hop(int from, int to)
{
    struct line line = {0};
    cpu_set_t before, near = only(from), far = only(to);
    pthread_attr_t attributes;
    pthread_t thread;
    if (sched_getaffinity(0, sizeof before, &before) < 0 || sched_setaffinity(0, sizeof near, &near) < 0) return -errno;
    pthread_attr_init(&attributes);
    pthread_attr_setaffinity_np(&attributes, sizeof far, &far);
    int code = pthread_create(&thread, &attributes, far_end, &line);
    double result = code == 0 ? near_end(&line) : -code;
    if (code == 0) pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    sched_setaffinity(0, sizeof before, &before);
    return result;
}
