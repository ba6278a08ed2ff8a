"""strace: how many system calls the worker's thread makes between two moments."""

import os
import signal
import subprocess

from load import PATIENCE
from proxy import before_exec


def system_calls(proxy, folder, work):
    """What `work()` makes the worker do, and its return value. Being traced interrupts the worker's wait once."""
    out = os.path.join(folder, "strace.out")
    proxy.rest()
    command = ["strace", "-c", "-U", "count,name", "-o", out, "-p", str(proxy.worker)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=before_exec) as process:
        line = process.stderr.readline()
        if "attached" not in line:
            raise AssertionError("strace cannot watch the worker (root can): " + line.strip())
        done = work()
        proxy.rest()
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    with open(out) as file:
        rows = [line.split() for line in file]
    calls = {row[1]: int(row[0]) for row in rows if len(row) == 2 and row[0].isdigit()}
    if "io_uring_enter" not in calls:
        raise AssertionError("strace saw no io_uring_enter of the worker")
    return calls["total"], done
