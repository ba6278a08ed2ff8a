#define _GNU_SOURCE
#include "CURing.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

int fanout_ring_init(struct io_uring *ring, unsigned sq_entries, unsigned cq_entries) {
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                   IORING_SETUP_SUBMIT_ALL;
    params.cq_entries = cq_entries;
    return io_uring_queue_init_params(sq_entries, ring, &params);
}

void fanout_buf_ring_put(struct io_uring_buf_ring *br, void *address, uint32_t length, uint16_t id, uint32_t mask) {
    uint16_t tail = br->tail;
    struct io_uring_buf *buf = &br->bufs[tail & mask];
    buf->addr = (unsigned long)address;
    buf->len = length;
    buf->bid = id;
    __atomic_store_n(&br->tail, (uint16_t)(tail + 1), __ATOMIC_RELEASE);
}

int fanout_eventfd(void) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int fanout_signalfd(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int fanout_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int fanout_refuse_new_connections(int listener) {
    /* A TCP socket filter sees the segment from its TCP header on: byte 13 holds the flags (RFC 9293, 3.1). */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12 /* SYN | ACK */),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02 /* SYN alone */, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    int rc = setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    return rc < 0 ? -errno : 0;
}

int fanout_unsent_bytes(int socket) {
    int bytes = 0;
    return ioctl(socket, SIOCOUTQ, &bytes) < 0 ? -errno : bytes;
}

int fanout_cpu_affinity(uint64_t *mask, size_t words) {
    /* The kernel wants a set at least as large as its own: grow until it is content. */
    for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC(cpus);
        if (!set) return -ENOMEM;
        size_t size = CPU_ALLOC_SIZE(cpus);
        if (sched_getaffinity(0, size, set) == 0) {
            memset(mask, 0, words * sizeof *mask);
            int count = CPU_COUNT_S(size, set);
            for (int cpu = 0; cpu < cpus && (size_t)cpu / 64 < words; cpu++)
                if (CPU_ISSET_S(cpu, size, set)) mask[cpu / 64] |= UINT64_C(1) << (cpu % 64);
            CPU_FREE(set);
            return count;
        }
        int error = errno;
        CPU_FREE(set);
        if (error != EINVAL) return -error;
    }
    return -EINVAL;
}

int fanout_pin_thread(int cpu) {
    cpu_set_t *set = CPU_ALLOC(cpu + 1);
    if (!set) return -ENOMEM;
    size_t size = CPU_ALLOC_SIZE(cpu + 1);
    CPU_ZERO_S(size, set);
    CPU_SET_S(cpu, size, set);
    int rc = sched_setaffinity(0, size, set);
    int error = errno;
    CPU_FREE(set);
    return rc < 0 ? -error : 0;
}

void fanout_name_thread(const char *name) {
    char text[16];
    strncpy(text, name, sizeof text - 1);
    text[sizeof text - 1] = 0;
    pthread_setname_np(pthread_self(), text);
}

int __xpg_strerror_r(int error, char *text, size_t size);

int fanout_strerror(int error, char *text, size_t size) { return __xpg_strerror_r(error, text, size); }

int fanout_signalfd_take(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t count = read(descriptor, &info, sizeof info);
    return count == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}
