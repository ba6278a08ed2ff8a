"""metrics.py TABLE FILE...: whether a dashboard (JSON) or alerts (YAML) use only the metrics and labels of a table.

The table is that of docs/observing.md: `name` | type | labels.
"""

import json
import re
import sys

HISTOGRAM = ("_bucket", "_sum", "_count")
# Of Prometheus itself, and of histograms.
ALWAYS = {"instance", "job", "le"}


def table(path):
    rows = re.findall(r"(?m)^\| `([a-z_]+)` \| (counter|gauge|histogram) \| ([a-z, ]*) ?\|$", open(path).read())
    metrics = {}
    for name, kind, labels in rows:
        words = set(filter(None, (word.strip() for word in labels.split(","))))
        for suffix in HISTOGRAM if kind == "histogram" else ("",):
            metrics[name + suffix] = words
    return metrics


def expressions(path):
    text = open(path).read()
    if not path.endswith(".json"):
        # Annotations name metrics too, and should name such as exist.
        return [text]
    found = []

    def walk(node):
        if isinstance(node, dict):
            found.extend(node[key] for key in ("expr", "definition") if key in node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(json.loads(text))
    return found


def problems(expression, metrics):
    for name, selector in re.findall(r"\b((?:fanout|process)_[a-z_]+)\b(\{[^}]*\})?", expression):
        if name not in metrics:
            yield "no metric %s" % name
            continue
        for label in re.findall(r"([a-z_]+) *(?:=|!=|=~|!~)", selector):
            if label not in metrics[name] | ALWAYS:
                yield "%s has no label %s" % (name, label)


def main(path, files):
    metrics = table(path)
    bad = 0
    for file in files:
        found = [problem for expression in expressions(file) for problem in problems(expression, metrics)]
        used = {name for e in expressions(file) for name in re.findall(r"\b(?:fanout|process)_[a-z_]+\b", e)}
        for problem in sorted(set(found)):
            print("%s: %s" % (file, problem), file=sys.stderr)
        bad += len(found)
        print("metrics: %s uses %d series" % (file, len(used)))
        if not used:
            sys.exit("%s: uses no metric at all" % file)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
