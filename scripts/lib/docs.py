"""docs.py PROGRAMS FILE...: runs the commands of the documentation, each fenced block of `sh` in a shell of its own.

They find what the text around them speaks of: `fanout` and `nomad-double` on PATH, a Nomad task's environment, two Redis
servers registered as `redis`, and Fanout in front of them on 127.0.0.1:6379, with its access log in $ACCESS_LOG.
A word after `sh` says what a block needs beyond that; those that this machine or build has not are listed as skipped.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SECONDS = 60


class Setting:
    """The demo's world in a folder: the double, the servers, and the proxy, which is started anew when a block ends it."""

    def __init__(self, programs, folder):
        self.folder = folder
        self.processes = []
        self.fanout = None
        binaries = os.path.join(folder, "bin")
        secrets = os.path.join(folder, "secrets")
        os.makedirs(binaries)
        os.makedirs(secrets)
        for name in ("fanout", "nomad-double"):
            os.symlink(os.path.join(programs, name), os.path.join(binaries, name))
        self.environment = {
            "PATH": binaries + ":" + os.environ["PATH"],
            "HOME": folder,
            "NOMAD_SECRETS_DIR": secrets,
            "NOMAD_NAMESPACE": "default",
            "ACCESS_LOG": os.path.join(folder, "access.log"),
            "NOMAD_DOUBLE": os.path.join(folder, "control.sock"),
        }
        self.has_admin = "--admin-address" in self.output(["fanout", "--help"])

    def output(self, command):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout

    def start(self, command, output=None):
        log = open(output or os.path.join(self.folder, "log"), "a")
        process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=open(os.path.join(self.folder, "log"), "a"))
        self.processes.append(process)
        return process

    def wait(self, command):
        for _ in range(SECONDS * 20):
            if subprocess.run(command, env=self.environment, capture_output=True, timeout=SECONDS).returncode == 0:
                return
            time.sleep(0.05)
        sys.exit("docs: no success of %s\n%s" % (command, open(os.path.join(self.folder, "log")).read()))

    def build(self):
        control = ["nomad-double", "ctl", "--control", self.environment["NOMAD_DOUBLE"]]
        secrets = self.environment["NOMAD_SECRETS_DIR"]
        self.start(
            ["nomad-double", "serve", "--socket", secrets + "/api.sock", "--token-file", secrets + "/nomad_token"]
            + ["--control", self.environment["NOMAD_DOUBLE"]]
        )
        self.wait(control + ["list"])
        for port in ("6390", "6391"):
            self.start(["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""])
            self.wait(["redis-cli", "-p", port, "ping"])
            self.output(control + ["add", "redis", "127.0.0.1:" + port])

    def serve(self):
        """Fanout, unless it still runs."""
        if self.fanout and self.fanout.poll() is None:
            return
        admin = ["--admin-address", "127.0.0.1:9102"] if self.has_admin else []
        self.fanout = self.start(
            ["fanout", "--service", "redis", "--listen-address", "127.0.0.1:6379", "--log-format", "json", *admin],
            self.environment["ACCESS_LOG"],
        )
        self.wait(["redis-cli", "-p", "6379", "ping"])

    def lacks(self, need):
        """What is missing for a block that needs this, or nothing."""
        if need == "admin":
            return None if self.has_admin else "a build with --admin-address"
        return None if shutil.which(need, path=self.environment["PATH"]) else need

    def check_metrics(self, table):
        """Whether what the admin endpoint serves is what the table of docs/observing.md promises: names and types."""
        self.serve()
        served = self.output(["curl", "--fail", "--silent", "http://127.0.0.1:9102/metrics"])
        served = set(re.findall(r"(?m)^# TYPE ([a-z_]+) ([a-z]+)$", served))
        promised = set(re.findall(r"(?m)^\| `([a-z_]+)` \| ([a-z]+) \|", open(table).read()))
        if served != promised or not served:
            sys.exit("docs: %s: only served %s, only promised %s" % (table, served - promised, promised - served))
        print("docs: %s: all %d metrics are served" % (table, len(served)))

    def end(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


def blocks(path):
    """Line, needs and text of each block of sh."""
    lines = open(path).read().split("\n")
    start, needs = None, None
    for number, line in enumerate(lines, 1):
        opening = re.fullmatch(r"```sh((?: [a-z]+)*)", line)
        if start is None and opening:
            start, needs = number, opening.group(1).split()
        elif start is not None and line == "```":
            yield start, needs, "\n".join(lines[start : number - 1])
            start = None


def main(programs, files):
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(programs, folder)
        ran, skipped = 0, 0
        try:
            setting.build()
            if setting.has_admin:
                setting.check_metrics("docs/observing.md")
            else:
                print("docs: metrics skipped: needs a build with --admin-address")
            for file in files:
                for line, needs, text in blocks(file):
                    place = "%s:%d" % (file, line)
                    missing = [lack for lack in map(setting.lacks, needs) if lack]
                    if missing:
                        print("docs: %s skipped: needs %s" % (place, ", ".join(missing)))
                        skipped += 1
                        continue
                    setting.serve()
                    run = subprocess.run(
                        ["bash", "-euo", "pipefail", "-c", text],
                        env=setting.environment, cwd=folder, capture_output=True, text=True, timeout=SECONDS,
                    )
                    if run.returncode != 0:
                        sys.exit("docs: %s ended with %d\n%s\n%s%s" % (place, run.returncode, text, run.stdout, run.stderr))
                    print("docs: %s ran" % place)
                    ran += 1
        finally:
            setting.end()
        print("docs: %d blocks of commands ran, %d skipped" % (ran, skipped))
        sys.exit(0 if ran else "docs: no block ran")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
