"""Plants one fault after the other into a copy of the data path, and demands that the simulation finds it.

usage: scripts/fanout mutants [NAME...]
       scripts/fanout mutants --check     only whether what they replace is there, once
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from planted import MUTANTS

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPIED = ["Sources/CURing", "Sources/Reactor", "Sources/Fanout", "Tests/Simulation", "Tests/SimulateCommand", "Tests/PickBench"]
# A planted fault may also be a loop without end.
PATIENCE = 300


def copy(folder):
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, symlinks=True)
    shutil.copy(ROOT / "Tests/Mutants/Package.swift.in", folder / "Package.swift")


def build(folder):
    done = subprocess.run(
        ["swift", "build", "-c", "release", "--product", "simulate"], cwd=folder, capture_output=True, text=True
    )
    return done.returncode == 0, done.stdout + done.stderr


def simulate(folder):
    """What the tests run: whether it passed, and its last lines."""
    try:
        done = subprocess.run(
            [folder / ".build/release/simulate", "check"], capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return False, "no end after %d s" % PATIENCE
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("FAILED", "the product trapped"))]
    return done.returncode == 0, (told or lines or ["exit code %d" % done.returncode])[-1]


def check():
    """What a mutant replaces goes with the code: better noticed at once than by the next who runs them all."""
    lost = [m.name for m in MUTANTS if (ROOT / m.file).read_text().count(m.old) != 1]
    for name in lost:
        print("mutants: %s: what it replaces is not there, or more than once" % name, file=sys.stderr)
    sys.exit(1 if lost else 0)


def main(names):
    if names == ["--check"]:
        check()
    unknown = set(names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        sys.exit("mutants: no mutant %s" % ", ".join(sorted(unknown)))
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    survived = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        copy(folder)
        built, output = build(folder)
        if not built:
            sys.exit(output)
        passed, told = simulate(folder)
        if not passed:
            sys.exit("mutants: the simulation fails without one: %s" % told)
        print("unchanged: passes", flush=True)
        for mutant in chosen:
            start = time.monotonic()
            file = folder / mutant.file
            text = file.read_text()
            if text.count(mutant.old) != 1:
                sys.exit("mutants: %s: what it replaces is there %d times" % (mutant.name, text.count(mutant.old)))
            file.write_text(text.replace(mutant.old, mutant.new))
            built, output = build(folder)
            if not built:
                sys.exit("mutants: %s does not compile\n%s" % (mutant.name, output))
            passed, told = simulate(folder)
            file.write_text(text)
            if passed:
                survived.append(mutant.name)
            verdict = "SURVIVED" if passed else "killed"
            print("%-8s %-32s %3d s  %s" % (verdict, mutant.name, time.monotonic() - start, told[:160]), flush=True)
    print("%d of %d killed" % (len(chosen) - len(survived), len(chosen)))
    sys.exit(1 if survived else 0)


main(sys.argv[1:])
