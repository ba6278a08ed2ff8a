/* System calls of a message, without the library: its own are points where a thread may be cancelled, and its syscall(2)
   moves every argument and keeps errno, together a fifth of the instructions of a small message. */
#ifndef FANOUT_SYSTEM_CALL_H
#define FANOUT_SYSTEM_CALL_H

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* A call with a descriptor, memory, its size, flags, and no address: what the kernel returns, -errno on failure.
   The calling conventions are those of syscall(2). */
static inline long fanout_system_call(long number, int descriptor, const void *memory, size_t size, int flags) {
#if defined(__x86_64__)
    register long r10 __asm__("r10") = flags;
    register long r8 __asm__("r8") = 0;
    register long r9 __asm__("r9") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"((long)descriptor), "S"(memory), "d"(size), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = descriptor;
    register const void *x1 __asm__("x1") = memory;
    register size_t x2 __asm__("x2") = size;
    register long x3 __asm__("x3") = flags;
    register long x4 __asm__("x4") = 0;
    register long x5 __asm__("x5") = 0;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
#else
    long result = syscall(number, descriptor, memory, size, flags, NULL, 0);
    return result < 0 ? -errno : result;
#endif
}

#endif
