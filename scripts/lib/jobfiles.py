"""jobfiles.py FANOUT FILE...: whether Nomad job files parse, and run fanout as it can be run.

Needs python-hcl2. Every flag and FANOUT_ variable must be one that `fanout --help` has; every task of fanout must drain
at its end, have a token, be let in time, and have an admin address; every task of `fanout wait` must come before the
others, end, and ask a fanout of the same file.
"""

import re
import subprocess
import sys

import hcl2


def text(value):
    """python-hcl2 keeps the quotes of strings."""
    return value[1:-1] if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"' else value


def blocks(node, name):
    """Every block of this name, with its labels, however deep."""
    if isinstance(node, list):
        for item in node:
            yield from blocks(item, name)
    elif isinstance(node, dict):
        for key, value in node.items():
            if text(key) == name:
                for item in value if isinstance(value, list) else [value]:
                    yield item
            yield from blocks(value, name)


def attributes(node):
    return {text(key): value for key, value in node.items()}


def unlabelled(block):
    """The body of a block with one label."""
    names = [key for key in block if not key.startswith("__")]
    return attributes(block[names[0]])


def first(task, name):
    for block in task.get(name, []):
        return attributes(block)
    return {}


def is_fanout(config):
    program = str(text(config.get("image", ""))) + " " + str(text(config.get("command", "")))
    return re.search(r"(^|[ /])fanout(:[^ ]*)?( |$)", program) is not None


def arguments(task):
    return [str(text(word)) for word in first(task, "config").get("args", [])]


def variables(task):
    """The variables of fanout that it sets."""
    return {name: str(text(value)) for name, value in first(task, "env").items() if name.startswith("FANOUT_")}


def admin_address(task):
    words = arguments(task)
    if "--admin-address" in words[:-1]:
        return words[words.index("--admin-address") + 1]
    return variables(task).get("FANOUT_ADMIN_ADDRESS")


def waits(task):
    return arguments(task)[:1] == ["wait"]


def problems_of_wait(task, sidecars):
    lifecycle = first(task, "lifecycle")
    if text(lifecycle.get("hook")) != "prestart" or lifecycle.get("sidecar"):
        yield 'fanout wait orders nothing here: lifecycle { hook = "prestart" }, and no sidecar'
    if admin_address(task) not in [admin_address(sidecar) for sidecar in sidecars]:
        yield "fanout wait asks %s, where no fanout of this file is" % admin_address(task)
    # Wrong flags are refused before anything is asked.
    result = subprocess.run([FANOUT, *arguments(task), "--timeout", "1ms"], capture_output=True, text=True)
    if result.returncode == 64:
        yield result.stderr.strip()


def problems(task, flags):
    environment = variables(task)
    words = arguments(task)
    for word in words:
        if word.startswith("--") and word not in flags:
            yield "fanout has no flag %s" % word
    for name in environment:
        if "--" + name[7:].lower().replace("_", "-") not in flags:
            yield "fanout reads no variable %s" % name
    if text(task.get("kill_signal")) != "SIGQUIT":
        yield 'it does not drain: kill_signal = "SIGQUIT"'
    seconds = re.fullmatch(r"(\d+)s", str(text(task.get("kill_timeout", ""))))
    if not seconds or int(seconds.group(1)) <= 25:
        yield "kill_timeout is not above --drain-timeout (25s)"
    if first(task, "identity").get("file") is not True:
        yield "it has no token: identity { file = true }"
    if admin_address(task) in (None, "off"):
        yield "nobody can ask it: --admin-address 127.0.0.1:9102"
    environment["NOMAD_SECRETS_DIR"] = "/secrets"
    result = subprocess.run([FANOUT, "--print-config", *words], capture_output=True, text=True, env=environment)
    if result.returncode != 0:
        yield result.stderr.strip()


def main(files):
    usage = subprocess.run([FANOUT, "--help"], capture_output=True, text=True, check=True).stdout
    flags = set(re.findall(r"(?m)^ {2}(--[a-z-]+)", usage))
    bad = 0
    for file in files:
        with open(file) as stream:
            document = hcl2.load(stream)
        tasks = [unlabelled(block) for block in blocks(document, "task")]
        fanouts = [task for task in tasks if is_fanout(first(task, "config"))]
        sidecars = [task for task in fanouts if not waits(task)]
        found = [problem for task in sidecars for problem in problems(task, flags)]
        found += [problem for task in fanouts if waits(task) for problem in problems_of_wait(task, sidecars)]
        if not sidecars:
            found.append("no task of it runs fanout")
        for problem in found:
            print("%s: %s" % (file, problem), file=sys.stderr)
        bad += len(found)
        print("job file: %s, %d of %d tasks run fanout" % (file, len(fanouts), len(tasks)))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    FANOUT = sys.argv[1]
    main(sys.argv[2:])
