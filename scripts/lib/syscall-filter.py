"""syscall-filter.py UNIT FANOUT: whether the unit's SystemCallFilter lets through every system call that fanout makes.

Runs fanout under strace, on both drivers, with a connection and a drain, and holds the names of the calls against the sets
that `systemd-analyze syscall-filter` lists.
"""

import os
import re
import subprocess
import sys
import tempfile


def sets():
    text = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    found, name = {}, None
    for line in text.splitlines():
        if line.startswith("@"):
            name = line.strip()
            found[name] = []
        elif name and line.startswith("    ") and not line.strip().startswith("#"):
            found[name].append(line.strip())
    return found


def names(word, known):
    if not word.startswith("@"):
        return {word}
    return set().union(*(names(part, known) for part in known[word]))


def allowed(unit, known):
    result = set()
    for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", open(unit).read()):
        words = line.lstrip("~").split()
        found = set().union(*(names(word, known) for word in words))
        result = result - found if line.startswith("~") else result | found
    return result | names("@default", known)


def called(fanout, driver):
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace")
        # -D: fanout is the child that signals go to, strace its grandchild.
        command = ["strace", "-D", "-f", "-qq", "-o", trace, fanout, "run"]
        script = [sys.executable, os.path.join(os.path.dirname(__file__), "container.py"), *command, "--driver", driver]
        run = subprocess.run(script, capture_output=True, text=True, timeout=120)
        if run.returncode != 0:
            sys.exit("syscall-filter: no echo through fanout under strace\n" + run.stderr)
        return set(re.findall(r"(?m)^\d+ +([a-z_0-9]+)\(", open(trace).read()))


def main(unit, fanout):
    permitted = allowed(unit, sets())
    for driver in ["io_uring", "epoll"]:
        calls = called(fanout, driver)
        # The first call is systemd's own.
        refused = sorted(calls - permitted - {"execve"})
        if refused or len(calls) < 20:
            sys.exit("syscall-filter: on %s the unit refuses %s (of %d calls)" % (driver, refused, len(calls)))
        print("syscall-filter: all %d system calls on %s are let through" % (len(calls), driver))


if __name__ == "__main__":
    main(*sys.argv[1:])
