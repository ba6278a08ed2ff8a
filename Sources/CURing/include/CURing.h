/* liburing, and the GNU-only system calls that Swift's Glibc module does not show, behind one header. */
#ifndef CURING_H
#define CURING_H

/* First: liburing.h sets feature-test macros of its own, after which the debug build sees fd_set twice. */
#include <features.h>

#include <liburing.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Enumerators and macros that do not import. */
static const uint8_t FANOUT_IOSQE_BUFFER_SELECT = IOSQE_BUFFER_SELECT;
static const uint8_t FANOUT_IOSQE_CQE_SKIP_SUCCESS = IOSQE_CQE_SKIP_SUCCESS;

/* Creates a ring for one thread; returns 0 or -errno. The calling thread is the only one that may use it. */
int fanout_ring_init(struct io_uring *ring, unsigned sq_entries, unsigned cq_entries);

/* Puts the buffer back at the tail of a provided-buffer ring; the store is a release on every architecture. */
void fanout_buf_ring_put(struct io_uring_buf_ring *br, void *address, uint32_t length, uint16_t id, uint32_t mask);

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

/* The text of an errno in the C locale, thread-safe (the XSI form of strerror_r(3)); 0 on success. */
int fanout_strerror(int error, char *text, size_t size);

#endif
