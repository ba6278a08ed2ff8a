"""Gates on the data path of the release binary that do not depend on the machine's speed or load.

Each line tells what was measured, what it is compared with (the file `figures`), and ok or FAILED. The exit code is 1
if one failed.
"""

import argparse
import os
import subprocess
import sys
import tempfile

import figures
import hot_functions
from callgrind import Callgrind
from load import Load
from proxy import Proxy
from strace import system_calls

# Connections and rounds of each shape of the load.
SHAPES = {"batched": (64, 100), "lockstep": (1, 1000)}
SHORT_CONNECTIONS = 200
ALLOCATORS = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"]
ALLOCATORS += ["swift_allocObject", "swift_slowAlloc", "swift_slowAllocTyped"]


class Gates:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def line(self, name, value, bound, complaint, details=()):
        if complaint:
            self.failed += 1
        else:
            self.passed += 1
        print("%-22s %-36s %-34s %s" % (name, value, bound, "FAILED: " + complaint if complaint else "ok"))
        for detail in details:
            print("    " + detail)
        sys.stdout.flush()


def prepare(load):
    load.open(max(connections for connections, _ in SHAPES.values()))
    load.rounds(10, len(load.pairs))


def under_callgrind(binary, folder):
    """Instructions per message by shape, and the allocating functions that short connections called in the worker."""
    load = Load()
    with Callgrind(binary, load, folder) as proxy:
        prepare(load)
        if sum(thread.called(ALLOCATORS).total() for thread in proxy.threads()) == 0:
            raise AssertionError("callgrind saw no allocation in the whole start: it would see none later")
        instructions = {}
        for shape, (connections, rounds) in SHAPES.items():
            # The difference of two phases: what each costs once, such as the dump itself, is gone.
            messages = load.rounds(rounds, connections)
            once = proxy.profile().total
            more_messages = load.rounds(2 * rounds, connections)
            twice = proxy.profile().total
            instructions[shape] = (twice - once) / (more_messages - messages)
        load.short(SHORT_CONNECTIONS)
        proxy.profile()
        load.short(SHORT_CONNECTIONS)
        return instructions, proxy.profile().called(ALLOCATORS)


def under_strace(binary, folder):
    """System calls per 1,000 messages by shape."""
    load = Load()
    with Proxy(binary, load, folder) as proxy:
        prepare(load)
        figures = {}
        for shape, (connections, rounds) in SHAPES.items():
            calls, messages = system_calls(proxy, folder, lambda: load.rounds(rounds, connections))
            figures[shape] = 1000 * calls / messages
        return figures


def main(binary, update):
    # One CPU for the load and the proxy: who runs when does not depend on the machine (proxy.py).
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    gates = Gates()
    count, wrong = hot_functions.inspect(binary)
    value = "%d in %d functions" % (len(wrong), count)
    gates.line("hot-functions", value, "no reference count, no allocation", "see below" if wrong else None, wrong)

    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        instructions, allocations = under_callgrind(binary, folder)
        for shape, figure in instructions.items():
            measured["instructions-" + shape] = figure
        for shape, figure in under_strace(binary, folder).items():
            measured["system-calls-" + shape] = figure
    value = "%d calls in %d connections" % (allocations.total(), SHORT_CONNECTIONS)
    details = ["%s: %d calls" % item for item in allocations.items()]
    gates.line("allocations", value, "0", "the worker allocates" if allocations else None, details)
    if update:
        figures.write(measured)
    for name, (figure, tolerance, limit) in figures.read().items():
        bound = "%g within %g %%" % (figure, tolerance) + (", at most %g" % limit if limit else "")
        value = "%.1f %s" % (measured[name], "a message" if name.startswith("instructions") else "in 1,000 messages")
        gates.line(name, value, bound, figures.complaint(measured[name], figure, tolerance, limit))
    print("gates: %d passed, %d failed" % (gates.passed, gates.failed))
    return 1 if gates.failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", help="the release binary with its symbols: scripts/fanout gates builds it")
    parser.add_argument("--update", action="store_true", help="write the measured figures into the file")
    arguments = parser.parse_args()
    if not os.access(arguments.binary, os.X_OK):
        parser.error("no program %s; scripts/fanout gates builds and finds it" % arguments.binary)
    try:
        sys.exit(main(arguments.binary, arguments.update))
    except (AssertionError, OSError, subprocess.SubprocessError) as problem:
        sys.exit("gates: %s" % problem)
