"""The proxy as a process, perhaps inside a tool, and its one worker thread."""

import ctypes
import contextlib
import glob
import os
import signal
import subprocess
import time

from load import PATIENCE

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


class Proxy:
    """Fanout with one worker in front of a load's backend, until the end of a `with`. `tool` is the command that
    runs it, such as valgrind."""

    def __init__(self, binary, load, folder, tool=()):
        self.log = os.path.join(folder, "fanout.log")
        command = [*tool, binary, "--workers", "1", "--listen-address", "127.0.0.1:0", "--endpoint", load.backend]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, preexec_fn=before_exec
            )
        self.pid = self.process.pid
        try:
            load.address = self._wait(self._listening, "does not listen")
            self.worker = self._wait(self._worker, "has no thread worker-0")
            self._wait(load.knock, "serves no connection")
            self.rest()
            load.forget()
        except BaseException:
            self.process.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def rest(self):
        """Returns when the worker has done what there was to do, and sleeps."""
        before = None
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with open("/proc/%d/task/%d/status" % (self.pid, self.worker)) as file:
                now = [line for line in file if line.startswith(("State", "voluntary", "nonvoluntary"))]
            if now == before and now[0].split()[1] == "S":
                return
            before = now
            time.sleep(0.05)
        raise AssertionError("the worker does not come to rest")

    def _wait(self, look, complaint):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            found = look()
            if found:
                return found
            time.sleep(0.02)
        with open(self.log) as log:
            raise AssertionError("the proxy %s; its log:\n%s" % (complaint, log.read()))

    def _listening(self):
        """The address of its listening socket; from /proc, because inside valgrind its log is late (callgrind.py)."""
        files = set()
        for path in glob.glob("/proc/%d/fd/*" % self.pid):
            # A descriptor may be closed while we look.
            with contextlib.suppress(FileNotFoundError):
                files.add(os.readlink(path))
        with open("/proc/net/tcp") as table:
            for line in table:
                words = line.split()
                if words[3] == "0A" and "socket:[%s]" % words[9] in files:
                    return "127.0.0.1", int(words[1].split(":")[1], 16)

    def _worker(self):
        for path in glob.glob("/proc/%d/task/*/comm" % self.pid):
            with open(path) as file:
                if file.read() == "worker-0\n":
                    return int(path.split("/")[4])


def before_exec():
    """It ends with the gates. As a batch thread it does not preempt on waking (sched(7)): on the load's CPU, it runs
    when the load waits."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
