/* liburing, and the GNU-only system calls that Swift's Glibc module does not show, behind one header. */
#ifndef CURING_H
#define CURING_H

/* First: liburing.h sets feature-test macros of its own, after which the debug build sees fd_set twice. */
#include <features.h>

#include "SystemCall.h"

#include <liburing.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Enumerators and macros that do not import. */
static const uint8_t FANOUT_IOSQE_BUFFER_SELECT = IOSQE_BUFFER_SELECT;
static const uint8_t FANOUT_IOSQE_CQE_SKIP_SUCCESS = IOSQE_CQE_SKIP_SUCCESS;

static const uint32_t FANOUT_EPOLLIN = EPOLLIN;
static const uint32_t FANOUT_EPOLLOUT = EPOLLOUT;
static const uint32_t FANOUT_EPOLLPRI = EPOLLPRI;
static const uint32_t FANOUT_EPOLLRDHUP = EPOLLRDHUP;
static const uint32_t FANOUT_EPOLLET = EPOLLET;
static const uint32_t FANOUT_EPOLLEXCLUSIVE = EPOLLEXCLUSIVE;

/* The commit that the build was made from, or "unknown": here, because what C is told costs no Swift its rebuild. */
const char *fanout_commit(void);

/* epoll_create1(2), close-on-exec; -errno on failure. */
int fanout_epoll_create(void);

/* Registers a descriptor, or registers it anew where it is already: what it is ready for becomes an event then. 0 or
   -errno. */
int fanout_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t data);

/* 0 or -errno. */
int fanout_epoll_remove(int epoll, int descriptor);

/* epoll_pwait2(2), or epoll_wait(2) where there is none (Linux 5.11), which sleeps whole milliseconds. `nanoseconds` is -1
   for ever. The number of events, or -errno. */
int fanout_epoll_wait(int epoll, struct epoll_event *events, int most, int64_t nanoseconds);

/* Bytes that can be received now (SIOCINQ, tcp(7)); -errno on failure. */
int fanout_unread_bytes(int socket);

/* Creates a ring for one thread; returns 0 or -errno. The calling thread is the only one that may use it, after
   fanout_ring_lock; before it, things may be registered.
   With `announces_work` the ring's flags say when the kernel has work that only io_uring_enter(2) does. */
int fanout_ring_init(struct io_uring *ring, unsigned sq_entries, unsigned cq_entries, int announces_work);

/* Takes the ring into use for the operations of the driver and no others, and registers nothing after it
   (io_uring_register(2), IORING_REGISTER_RESTRICTIONS, Linux 5.10): another operation ends with -EACCES. 0 or -errno. */
int fanout_ring_lock(struct io_uring *ring);

/* Submits what is prepared, and waits for `count` completions, but no longer than `timeout` if that is not null.
   Returns what io_uring_enter(2) does, or -errno; -ETIME and -EINTR are ordinary ends of a wait. */
int fanout_ring_wait(struct io_uring *ring, unsigned count, const struct __kernel_timespec *timeout);

/* Watches the ring without sleeping until there is something to deliver or CLOCK_MONOTONIC reaches `deadline`
   (nanoseconds); what is prepared must have been submitted. Returns whether there is something. */
int fanout_ring_spin(struct io_uring *ring, uint64_t deadline);

/* The number of completions that are there, and the nth of them (from 0). */
static inline unsigned fanout_cq_ready(const struct io_uring *ring) {
    return __atomic_load_n(ring->cq.ktail, __ATOMIC_ACQUIRE) - *ring->cq.khead;
}

static inline struct io_uring_cqe *fanout_cqe(const struct io_uring *ring, unsigned index) {
    return &ring->cq.cqes[(*ring->cq.khead + index) & ring->cq.ring_mask];
}

/* Lets the kernel overwrite the first `count` completions. */
static inline void fanout_cq_advance(struct io_uring *ring, unsigned count) {
    __atomic_store_n(ring->cq.khead, *ring->cq.khead + count, __ATOMIC_RELEASE);
}

/* The next free submission entry, or null when all are taken; io_uring_get_sqe(3) for a ring without SQPOLL and
   SQE128. */
static inline struct io_uring_sqe *fanout_next_sqe(struct io_uring *ring) {
    struct io_uring_sq *sq = &ring->sq;
    unsigned tail = sq->sqe_tail;
    if (tail - *sq->khead >= sq->ring_entries) return NULL;
    sq->sqe_tail = tail + 1;
    return &sq->sqes[tail & sq->ring_mask];
}

/* One receive into a buffer of a group, which waits for data before it tries: an attempt that finds nothing would cost
   more than it saves. */
static inline void fanout_prep_receive(struct io_uring_sqe *sqe, int socket, uint16_t group) {
    io_uring_prep_recv(sqe, socket, NULL, 0, 0);
    sqe->ioprio = IORING_RECVSEND_POLL_FIRST;
    sqe->flags = IOSQE_BUFFER_SELECT;
    sqe->buf_group = group;
}

/* Puts the buffer back at the tail of a provided-buffer ring; the store is a release on every architecture. */
static inline void fanout_buf_ring_put(
    struct io_uring_buf_ring *br, void *address, uint32_t length, uint16_t id, uint32_t mask) {
    uint16_t tail = br->tail;
    struct io_uring_buf *buf = &br->bufs[tail & mask];
    buf->addr = (unsigned long)address;
    buf->len = length;
    buf->bid = id;
    __atomic_store_n(&br->tail, (uint16_t)(tail + 1), __ATOMIC_RELEASE);
}

/* A pipe, non-blocking and close-on-exec, that holds `bytes` if the kernel allows it and its usual size if not
   (pipe2(2), F_SETPIPE_SZ); 0 or -errno. */
int fanout_pipe(int ends[2], int bytes);

/* splice(2) without blocking: bytes moved, 0 at the end of the stream, or -errno. */
int fanout_splice(int from, int to, unsigned count);

/* recv(2) and send(2) without blocking: bytes, 0 at the end of the stream, or -errno. */
static inline int fanout_receive(int socket, void *buffer, size_t size) {
    return (int)fanout_system_call(SYS_recvfrom, socket, buffer, size, MSG_DONTWAIT);
}

static inline int fanout_send(int socket, const void *bytes, size_t count) {
    return (int)fanout_system_call(SYS_sendto, socket, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* connect(2); the address begins with the bytes of its sockaddr. 0 or -errno. */
int fanout_connect(int socket, const void *address, socklen_t length);

/* Reno as the congestion control of a TCP socket (tcp(7), TCP_CONGESTION). */
void fanout_use_reno(int socket);

/* eventfd(2), non-blocking and close-on-exec; -errno on failure. */
int fanout_eventfd(void);

/* signalfd(2) for a signal set, non-blocking and close-on-exec; -errno on failure. */
int fanout_signalfd(const int *signals, size_t count);

/* The number of the next signal of a signalfd, 0 if there is none. */
int fanout_signalfd_take(int descriptor);

/* accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC and without the address; -errno on failure. */
int fanout_accept(int listener);

/* Lets the listener refuse what is new and keep what is queued: a classic BPF filter drops segments that have
   SYN without ACK (socket(7), SO_ATTACH_FILTER). Returns 0 or -errno. */
int fanout_refuse_new_connections(int listener);

/* Bytes that the peer has not acknowledged yet (SIOCOUTQ, tcp(7)); -errno on failure. */
int fanout_unsent_bytes(int socket);

/* CPUs the calling thread may run on, as a bit mask of `words` 64-bit words; returns their number or -errno. */
int fanout_cpu_affinity(uint64_t *mask, size_t words);

/* Binds the calling thread to one CPU; 0 or -errno. */
int fanout_pin_thread(int cpu);

/* Names the calling thread (at most 15 bytes are kept). */
void fanout_name_thread(const char *name);

/* What landlock(7) can do here: its ABI, from 1 (Linux 5.13) on; -errno where there is none. */
int fanout_landlock_abi(void);

/* A set of rules that will forbid everything to do with files: its descriptor, or -errno. */
int fanout_landlock_ruleset(int abi);

enum { FANOUT_LANDLOCK_READ = 1, FANOUT_LANDLOCK_LISTEN = 2, FANOUT_LANDLOCK_WRITE = 4 };

/* Allows, beneath a folder: to read, to make sockets and remove files, or to write, make and remove files. 0 or -errno. */
int fanout_landlock_allow(int ruleset, const char *folder, int what);

/* No new privileges for this thread and those it will start (prctl(2), PR_SET_NO_NEW_PRIVS), and with a ruleset that is
   not negative, which is closed, its rules. 0 or -errno. */
int fanout_confine(int ruleset);

/* The text of an errno in the C locale, thread-safe (the XSI form of strerror_r(3)); 0 on success. */
int fanout_strerror(int error, char *text, size_t size);

#endif
