#define _GNU_SOURCE
#include "CBench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READY = 512, BACKLOG = 4096, LISTENER = -1, BUFFER = 1 << 18 };

static int add(int epoll, int descriptor, int data)
{
    struct epoll_event event = {.events = data == LISTENER ? EPOLLIN : EPOLLIN | EPOLLET, .data.fd = data};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static void take(int epoll, int listener)
{
    int descriptor, on = 1;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (add(epoll, descriptor, descriptor) < 0) close(descriptor);
    }
}

/* A client that waits for its answers never has more on its way than the socket takes: what does not fit ends it. A short
   receive has emptied the socket, as edges demand. */
static void answer(int descriptor)
{
    static char buffer[BUFFER];
    ssize_t count;
    do {
        count = recv(descriptor, buffer, sizeof buffer, 0);
        if (count < 0 && errno == EAGAIN) return;
        if (count <= 0 || send(descriptor, buffer, (size_t)count, MSG_NOSIGNAL) != count) {
            close(descriptor);
            return;
        }
    } while (count == sizeof buffer);
}

int bench_echo(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event events[READY];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (epoll < 0 || listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0
        || listen(listener, BACKLOG) < 0 || add(epoll, listener, LISTENER) < 0)
        return -errno;
    for (;;) {
        int count = epoll_wait(epoll, events, READY, -1);
        if (count < 0 && errno != EINTR) return -errno;
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == LISTENER)
                take(epoll, listener);
            else
                answer(events[i].data.fd);
        }
    }
}
