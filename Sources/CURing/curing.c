#define _GNU_SOURCE
#include "CURing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int fanout_ring_init(struct io_uring *ring, unsigned sq_entries, unsigned cq_entries, int announces_work) {
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                   IORING_SETUP_SUBMIT_ALL | IORING_SETUP_R_DISABLED | (announces_work ? IORING_SETUP_TASKRUN_FLAG : 0);
    params.cq_entries = cq_entries;
    return io_uring_queue_init_params(sq_entries, ring, &params);
}

int fanout_ring_lock(struct io_uring *ring) {
    static const uint8_t operations[] = {
        IORING_OP_ACCEPT, IORING_OP_RECV, IORING_OP_SEND, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL,
    };
    enum { OPERATIONS = sizeof operations };
    struct io_uring_restriction restrictions[OPERATIONS + 2];
    memset(restrictions, 0, sizeof restrictions);
    for (int i = 0; i < OPERATIONS; i++) {
        restrictions[i].opcode = IORING_RESTRICTION_SQE_OP;
        restrictions[i].sqe_op = operations[i];
    }
    restrictions[OPERATIONS].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
    restrictions[OPERATIONS].sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;
    /* The end of a ring gives up its registered descriptor, which else lives as long as the thread. */
    restrictions[OPERATIONS + 1].opcode = IORING_RESTRICTION_REGISTER_OP;
    restrictions[OPERATIONS + 1].register_op = IORING_UNREGISTER_RING_FDS;
    int code = io_uring_register_restrictions(ring, restrictions, OPERATIONS + 2);
    return code < 0 ? code : io_uring_enable_rings(ring);
}

static unsigned flush_submissions(struct io_uring *ring) {
    struct io_uring_sq *sq = &ring->sq;
    if (sq->sqe_head != sq->sqe_tail) {
        sq->sqe_head = sq->sqe_tail;
        __atomic_store_n(sq->ktail, sq->sqe_tail, __ATOMIC_RELEASE);
    }
    return sq->sqe_tail - __atomic_load_n(sq->khead, __ATOMIC_ACQUIRE);
}

int fanout_ring_wait(struct io_uring *ring, unsigned count, const struct __kernel_timespec *timeout) {
    struct io_uring_getevents_arg argument = {.ts = (uint64_t)(uintptr_t)timeout};
    unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
    if (ring->int_flags & 1 /* INT_FLAG_REG_RING */) flags |= IORING_ENTER_REGISTERED_RING;
    return io_uring_enter2((unsigned)ring->enter_ring_fd, flush_submissions(ring), count, flags, (sigset_t *)&argument,
                           sizeof argument);
}

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

int fanout_ring_spin(struct io_uring *ring, uint64_t deadline) {
    enum { LOOKS_PER_CLOCK = 32 };
    while (1) {
        for (int i = 0; i < LOOKS_PER_CLOCK; i++) {
            if (fanout_cq_ready(ring)) return 1;
            if (__atomic_load_n(ring->sq.kflags, __ATOMIC_RELAXED) & IORING_SQ_TASKRUN) {
                fanout_ring_wait(ring, 0, NULL);
                if (fanout_cq_ready(ring)) return 1;
            }
            relax();
        }
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec >= deadline) return 0;
    }
}

int fanout_pipe(int ends[2], int bytes) {
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) return -errno;
    fcntl(ends[1], F_SETPIPE_SZ, bytes);
    return 0;
}

int fanout_splice(int from, int to, unsigned count) {
    ssize_t moved = splice(from, NULL, to, NULL, count, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    return moved < 0 ? -errno : (int)moved;
}

int fanout_connect(int socket, const void *address, socklen_t length) {
    return connect(socket, address, length) < 0 ? -errno : 0;
}

void fanout_use_reno(int socket) { setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen("reno")); }

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

int fanout_unread_bytes(int socket) {
    int bytes = 0;
    return ioctl(socket, SIOCINQ, &bytes) < 0 ? -errno : bytes;
}

int fanout_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int fanout_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0) return 0;
    if (errno != EEXIST) return -errno;
    return epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event) < 0 ? -errno : 0;
}

int fanout_epoll_remove(int epoll, int descriptor) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL) < 0 ? -errno : 0;
}

static int wait_milliseconds(int epoll, struct epoll_event *events, int most, int64_t nanoseconds) {
    int64_t milliseconds = nanoseconds < 0 ? -1 : nanoseconds / 1000000 + (nanoseconds % 1000000 > 0);
    int count = epoll_wait(epoll, events, most, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
    return count < 0 ? -errno : count;
}

int fanout_epoll_wait(int epoll, struct epoll_event *events, int most, int64_t nanoseconds) {
    /* Without a time to keep, the older call does, and needs no permission of its own in a seccomp profile. */
    static _Thread_local int is_missing;
    if (nanoseconds <= 0 || is_missing) return wait_milliseconds(epoll, events, most, nanoseconds);
    struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int count = epoll_pwait2(epoll, events, most, &timeout, NULL);
    if (count >= 0) return count;
    if (errno != ENOSYS && errno != EPERM) return -errno;
    is_missing = 1;
    return wait_milliseconds(epoll, events, most, nanoseconds);
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

int fanout_landlock_abi(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? -errno : (int)abi;
}

int fanout_landlock_ruleset(int abi) {
    /* Thirteen rights in the first version, then one in each of the next two: REFER and TRUNCATE. */
    uint64_t rights = (UINT64_C(1) << 13) - 1;
    if (abi >= 2) rights |= UINT64_C(1) << 13;
    if (abi >= 3) rights |= UINT64_C(1) << 14;
    struct landlock_ruleset_attr attributes = {.handled_access_fs = rights};
    long fd = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0);
    return fd < 0 ? -errno : (int)fd;
}

int fanout_landlock_allow(int ruleset, const char *folder, int what) {
    struct landlock_path_beneath_attr rule = {.parent_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (rule.parent_fd < 0) return -errno;
    if (what & FANOUT_LANDLOCK_READ) rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    if (what & FANOUT_LANDLOCK_LISTEN) rule.allowed_access |= LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE;
    if (what & FANOUT_LANDLOCK_WRITE) {
        rule.allowed_access |= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;
    }
    long code = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int error = errno;
    close(rule.parent_fd);
    return code < 0 ? -error : 0;
}

int fanout_confine(int ruleset) {
    int code = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
    if (ruleset < 0) return code;
    if (code == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0) code = -errno;
    close(ruleset);
    return code;
}

int __xpg_strerror_r(int error, char *text, size_t size);

int fanout_strerror(int error, char *text, size_t size) { return __xpg_strerror_r(error, text, size); }

int fanout_signalfd_take(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t count = read(descriptor, &info, sizeof info);
    return count == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}
