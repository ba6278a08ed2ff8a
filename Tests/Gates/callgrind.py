"""Callgrind: what the worker's thread executed between two moments.

Valgrind 3.19 lets all of our io_uring calls through, but keeps its one lock during io_uring_enter: while the worker
sleeps, no other thread runs. Connections wake it and let the others have their turn, so the proxy starts when it is
knocked at (Proxy), its log and its answer to signals are late, and what the worker itself does is not changed.
"""

import collections
import glob
import os
import subprocess

from proxy import Proxy

# In the mangled name of every method of the worker.
WORKER = "6Fanout6WorkerC"


class Profile:
    """One thread's share of a dump: instructions by function itself, and calls by called function.

    The format: https://valgrind.org/docs/manual/cl-format.html
    """

    def __init__(self, path):
        self.instructions = collections.Counter()
        self.calls = collections.Counter()
        function = called = None
        is_of_call = False
        with open(path) as file:
            for line in file:
                if line.startswith("fn="):
                    function = symbol(line)
                elif line.startswith("cfn="):
                    called = symbol(line)
                elif line.startswith("calls="):
                    self.calls[called] += int(line[len("calls=") :].split()[0])
                    is_of_call = True
                elif line[0].isdigit():
                    # The line after `calls=` is what the call cost in all: it is counted in the called function.
                    if not is_of_call:
                        self.instructions[function] += int(line.split()[1])
                    is_of_call = False

    @property
    def total(self):
        return sum(self.instructions.values())

    def called(self, names):
        """The calls of those of these functions that were called at all."""
        return collections.Counter({name: self.calls[name] for name in names if self.calls[name]})

    @property
    def of_worker(self):
        return sum(count for name, count in self.instructions.items() if WORKER in name)


def symbol(line):
    """Without the number of a recursion and the version of a library."""
    return line.split("=", 1)[1].rstrip("\n").split("'")[0].split("@")[0]


class Callgrind(Proxy):
    """The proxy inside callgrind. Valgrind 3.19 cannot read Swift's DWARF: it runs a copy without it."""

    def __init__(self, binary, load, folder):
        self.out = os.path.join(folder, "callgrind.out")
        self.dumps = 0
        copy = os.path.join(folder, "fanout")
        subprocess.run(["strip", "-g", binary, "-o", copy], check=True)
        options = ["--separate-threads=yes", "--compress-strings=no", "--compress-pos=no", "--fair-sched=yes"]
        tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + self.out, *options]
        super().__init__(copy, load, folder, tool)

    def threads(self):
        """The profiles of all threads since the last time, once the worker is at rest."""
        self.rest()
        command = ["vgdb", "--pid=%d" % self.pid, "dump"]
        done = subprocess.run(command, capture_output=True, text=True)
        self.dumps += 1
        paths = glob.glob("%s.%d-*" % (self.out, self.dumps))
        if done.returncode != 0 or not paths:
            raise AssertionError("callgrind gave no dump:\n" + done.stdout + done.stderr)
        return [Profile(path) for path in paths]

    def profile(self):
        """The worker's profile since the last time."""
        found = max(self.threads(), key=lambda profile: profile.of_worker)
        if found.of_worker == 0:
            raise AssertionError("callgrind saw no function with %s in its name: has it symbols?" % WORKER)
        return found
