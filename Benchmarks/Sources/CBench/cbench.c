#define _GNU_SOURCE
#include "CBench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Static_assert(BENCH_IN == EPOLLIN && BENCH_OUT == EPOLLOUT && BENCH_RDHUP == EPOLLRDHUP, "event bits");

enum { MAX_EVENTS = 512, MAX_CHILDREN = 64, BACKLOG = 4096 };

static int result(int value) { return value < 0 ? -errno : value; }

int bench_epoll_create(void) { return result(epoll_create1(EPOLL_CLOEXEC)); }

int bench_epoll_add(int epoll, int descriptor, uint32_t events, int edge_triggered)
{
    struct epoll_event event = {.events = events | (edge_triggered ? (uint32_t)EPOLLET : 0), .data.fd = descriptor};
    return result(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event));
}

int bench_epoll_wait(int epoll, struct bench_event *events, int capacity, int milliseconds)
{
    struct epoll_event ready[MAX_EVENTS];
    int count = epoll_wait(epoll, ready, capacity < MAX_EVENTS ? capacity : MAX_EVENTS, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) events[i] = (struct bench_event){ready[i].events, ready[i].data.fd};
    return count;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int stream_socket(void) { return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

static void send_at_once(int descriptor)
{
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* At *port; 0 is one of the kernel's choice, which is written there. */
static int bound_socket(uint16_t *port)
{
    struct sockaddr_in address = loopback(*port);
    socklen_t length = sizeof address;
    int descriptor = stream_socket();
    if (descriptor < 0) return -errno;
    if (bind(descriptor, (struct sockaddr *)&address, length) < 0
        || getsockname(descriptor, (struct sockaddr *)&address, &length) < 0) {
        int code = errno;
        close(descriptor);
        return -code;
    }
    *port = ntohs(address.sin_port);
    return descriptor;
}

/* Where Nomad's are by default; none of them is one that the kernel gives to connects. */
enum { DYNAMIC_PORTS = 20000, DYNAMIC_PORT_COUNT = 12000 };

int bench_listen(uint16_t *port)
{
    static unsigned next;
    int descriptor = -EADDRINUSE;
    if (next == 0) next = (unsigned)getpid();
    while (descriptor == -EADDRINUSE) {
        *port = (uint16_t)(DYNAMIC_PORTS + next++ % DYNAMIC_PORT_COUNT);
        descriptor = bound_socket(port);
    }
    if (descriptor >= 0 && listen(descriptor, BACKLOG) < 0) return -errno;
    return descriptor;
}

int bench_free_port(void)
{
    uint16_t port = 0;
    int descriptor = bound_socket(&port);
    if (descriptor < 0) return descriptor;
    close(descriptor);
    return port;
}

int bench_accept(int listener)
{
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return -errno;
    send_at_once(descriptor);
    return descriptor;
}

int bench_connect(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int descriptor = stream_socket();
    if (descriptor < 0) return -errno;
    send_at_once(descriptor);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) {
        int code = errno;
        close(descriptor);
        return -code;
    }
    return descriptor;
}

int bench_connect_result(int descriptor)
{
    int code = 0;
    socklen_t length = sizeof code;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) < 0 ? -errno : -code;
}

int bench_connect_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
        int code = errno;
        close(descriptor);
        return -code;
    }
    return descriptor;
}

ssize_t bench_send(int descriptor, size_t size)
{
    static const char block[BENCH_BLOCK];
    ssize_t count = send(descriptor, block, size < BENCH_BLOCK ? size : BENCH_BLOCK, MSG_NOSIGNAL);
    return count < 0 ? -errno : count;
}

ssize_t bench_discard(int descriptor, size_t size)
{
    ssize_t count = recv(descriptor, NULL, size, MSG_TRUNC);
    return count < 0 ? -errno : count;
}

/* Read by the signal handler: a pid is stored once its process exists and cleared before it is reaped. */
static volatile pid_t children[MAX_CHILDREN];
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
    for (int i = 0; i < MAX_CHILDREN; i++) {
        pid_t child = children[i];
        if (child > 0) kill(child, SIGKILL);
    }
}

void bench_watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int bench_interrupted(void) { return interrupted; }

static void replace(int target, int descriptor)
{
    if (descriptor < 0) descriptor = open("/dev/null", O_RDWR);
    dup2(descriptor, target);
}

pid_t bench_spawn(
    const char *path, char *const argv[], char *const environment[], int cpu, int input, int output, int error)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t parent = getpid();
    pid_t child = interrupted ? -1 : fork();
    if (child == 0) {
        struct sigaction standard = {.sa_handler = SIG_DFL};
        for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(126);
        /* A group of its own: a terminal's interrupt reaches the harness alone, which then ends its children. */
        setpgid(0, 0);
        if (cpu >= 0) {
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET(cpu, &set);
            if (sched_setaffinity(0, sizeof set, &set) < 0) _exit(125);
        }
        replace(0, input);
        replace(1, output);
        replace(2, error);
        close_range(3, ~0U, 0);
        sigemptyset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        execve(path, argv, environment);
        _exit(127);
    }
    int code = interrupted ? EINTR : errno;
    for (int i = 0; child > 0 && i < MAX_CHILDREN; i++) {
        if (children[i] == 0) {
            children[i] = child;
            break;
        }
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return child < 0 ? -code : child;
}

int bench_reap(pid_t child, int milliseconds, int *status)
{
    struct timespec pause = {0, 2000000};
    for (int waited = 0;; waited += 2) {
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == child) break;
        if (waited >= milliseconds) return 0;
        nanosleep(&pause, NULL);
    }
    for (int i = 0; i < MAX_CHILDREN; i++) {
        if (children[i] == child) children[i] = 0;
    }
    *status = 0;
    waitpid(child, status, 0);
    return 1;
}
