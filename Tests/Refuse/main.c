/* refuse NUMBER[:ERRNO][,...] PROGRAM [ARGUMENT...]: runs a program for which these system calls fail, with EPERM if
   nothing else is said, as they do under a container's seccomp profile (seccomp(2), SECCOMP_RET_ERRNO). */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MOST = 32 };

static int fail(const char *what) {
    perror(what);
    return 125;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: refuse NUMBER[:ERRNO][,...] PROGRAM [ARGUMENT...]\n");
        return 64;
    }
    struct sock_filter code[2 * MOST + 2];
    unsigned short length = 0;
    code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    char *rest = argv[1];
    for (int count = 0; *rest && count < MOST; count++) {
        unsigned long number = strtoul(rest, &rest, 10);
        unsigned long error = EPERM;
        if (*rest == ':') error = strtoul(rest + 1, &rest, 10);
        code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
        code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error);
        if (*rest == ',') rest++;
    }
    if (*rest) {
        fprintf(stderr, "refuse: \"%s\" is no list of at most %d numbers\n", argv[1], MOST);
        return 64;
    }
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = length, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail("no_new_privs");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return fail("seccomp");
    execv(argv[2], argv + 2);
    return fail(argv[2]);
}
