"""Gates on the data path of the release binary that do not depend on the machine's speed or load.

usage: gates.py FANOUT [--update]

Each line tells what was measured, what it is compared with (the file `figures`), and ok or FAILED. The exit code is 1
if one failed.
"""

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

# Connections, and rounds of the smaller phase, of each shape of the load.
SHAPES = {"batched": (64, 20), "lockstep": (1, 500)}
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


def by_difference(load, shape, measure):
    """Cost of one message: that of a phase twice as long less that of one, so that what each phase costs once is gone.

    `measure(work)` returns what `work()` cost the worker, and the messages that `work()` returned.
    """
    connections, rounds = SHAPES[shape]
    once, messages = measure(lambda: load.rounds(rounds, connections))
    twice, more_messages = measure(lambda: load.rounds(2 * rounds, connections))
    return (twice - once) / (more_messages - messages)


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

        def measure(work):
            messages = work()
            return proxy.profile().total, messages

        instructions = {shape: by_difference(load, shape, measure) for shape in SHAPES}
        load.short(SHORT_CONNECTIONS)
        proxy.profile()
        load.short(SHORT_CONNECTIONS)
        return instructions, proxy.profile().called(ALLOCATORS)


def under_strace(binary, folder):
    """System calls per 1,000 messages by shape."""
    load = Load()
    with Proxy(binary, load, folder) as proxy:
        prepare(load)
        return {
            shape: 1000 * by_difference(load, shape, lambda work: system_calls(proxy, folder, work))
            for shape in SHAPES
        }


def main(binary, update=False):
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
    value = "%d for %d connections" % (allocations.total(), SHORT_CONNECTIONS)
    details = ["%s: %d calls" % item for item in allocations.items()]
    gates.line("allocations", value, "0", "the worker allocates" if allocations else None, details)
    if update:
        figures.write(measured)
    for name, (figure, tolerance, limit) in figures.read().items():
        bound = "%g within %g %%" % (figure, tolerance) + (", at most %g" % limit if limit else "")
        unit = "a message" if name.startswith("instructions") else "in 1,000 messages"
        gates.line(name, "%.1f %s" % (measured[name], unit), bound, figures.complaint(measured[name], figure, tolerance, limit))
    print("gates: %d passed, %d failed" % (gates.passed, gates.failed))
    return 1 if gates.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], update="--update" in sys.argv[2:]))
    except AssertionError as problem:
        sys.exit("gates: %s" % problem)
    except (OSError, subprocess.CalledProcessError) as problem:
        sys.exit("gates: %s" % problem)
