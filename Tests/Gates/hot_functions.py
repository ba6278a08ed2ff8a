"""objdump: what the functions of the data path call, in the release binary."""

import bisect
import collections
import re
import subprocess

# Where looking begins: every method of the specialised worker and of its driver. What they call in Swift is followed,
# so that a new helper or a new type is looked at without being named here.
ROOTS = re.compile(r"^generic specialization <Reactor\.UringDriver> of Fanout\.Worker\.|^[^ ]*Reactor\.UringDriver\.")
SWIFT = re.compile(r"^\$s")

# Neither looked at nor followed: once in a worker's life, or when more connects fail in one turn than ever before.
EXEMPT = re.compile(
    r"\b(Fanout\.Worker|Reactor\.UringDriver)\.(init|deinit|__(de)?allocating_(de)?init|Options)\b"
    r"|\bReactor\.CompletionQueue\.\(grow in "
)

# No places to begin: for other modules, whose functions read the field itself. Looked at if the data path calls one.
ACCESSOR = re.compile(r"\bReactor\.UringDriver\.\w+\.getter : ")

# Among what is looked at, or the gate is blind: they were renamed, or are not specialised any more.
KNOWN = ["Fanout.Worker.run()", "Reactor.UringDriver.deliver<", "Fanout.Worker.dial(", "Fanout.Worker.end("]

# Reference counts, exclusivity checks, allocations, copies of arrays, casts, lazy globals and metadata.
FORBIDDEN = re.compile(
    r"^_?swift_\w*([Rr]etain|[Rr]elease|[Ww]eak|unowned|[Uu]nique|[Aa]ccess|[Aa]lloc|array)"
    r"|^_?swift_\w*(dynamicCast|once|Metadata|Witness)"
    r"|^(malloc|calloc|realloc|free|posix_memalign|aligned_alloc|memalign)$"
)

# A call, or a jump, which is a call when it leaves the function.
TRANSFER = re.compile(r"^ *([0-9a-f]+):\t(?:call|j\w+|bl?)\s+([0-9a-f]+) <([^>@]+)(@plt)?")


class Binary:
    """The functions of a binary by address: their names, mangled and readable, and what each calls."""

    def __init__(self, path):
        self.names = collections.defaultdict(set)
        self.ends = {}
        for line in output("nm", "-S", "--defined-only", path).splitlines():
            words = line.split()
            if len(words) == 4 and words[2] in "tTwW":
                start = int(words[0], 16)
                self.names[start].add(words[3])
                self.ends[start] = start + int(words[1], 16)
        mangled = [name for names in self.names.values() for name in names if name.startswith("$s")]
        readable = output("swift", "demangle", "--compact", input="\n".join(mangled)).splitlines()
        readable = dict(zip(mangled, readable, strict=True))
        for names in self.names.values():
            names.update([readable[name] for name in names if name in readable])
        self.calls = collections.defaultdict(collections.Counter)
        self._read_calls(path)

    def _read_calls(self, path):
        starts = sorted(self.ends)
        for line in output("objdump", "-d", "--no-show-raw-insn", path).splitlines():
            if match := TRANSFER.match(line):
                address, target = int(match[1], 16), int(match[2], 16)
                index = bisect.bisect(starts, address) - 1
                if index >= 0 and address < self.ends[starts[index]]:
                    if not starts[index] <= target < self.ends[starts[index]]:
                        self.calls[starts[index]][target] += 1
                        if match[4]:
                            self.names[target].add(match[3])

    def has(self, pattern, function):
        return any(pattern.search(name) for name in self.names.get(function, ()))

    def title(self, function):
        """The readable name: the only one with spaces, or else any."""
        return max(self.names.get(function, ["code without a symbol"]), key=lambda name: (" " in name, len(name)))


def output(*command, input=None):
    return subprocess.run(command, input=input, capture_output=True, text=True, check=True).stdout


def inspect(path):
    """How many functions were looked at, and a line for each thing that must not be."""
    binary = Binary(path)
    roots = [function for function in binary.ends if binary.has(ROOTS, function)]
    waiting = [root for root in roots if not (binary.has(EXEMPT, root) or binary.has(ACCESSOR, root))]
    seen = set(waiting)
    wrong = []
    while waiting:
        function = waiting.pop()
        for called, times in binary.calls[function].items():
            if binary.has(FORBIDDEN, called) or called not in binary.names:
                wrong.append("%s calls %s (%d)" % (binary.title(function), binary.title(called), times))
            elif called not in seen and binary.has(SWIFT, called) and not binary.has(EXEMPT, called):
                seen.add(called)
                waiting.append(called)
    names = [name for function in seen for name in binary.names[function]]
    wrong += ["no function %s is left to look at" % known for known in KNOWN if not any(known in n for n in names)]
    if not any(binary.calls[function] for function in seen):
        wrong.append("no call was read: the assembly of this machine is not known here")
    return len(seen), sorted(wrong)
