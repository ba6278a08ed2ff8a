"""The committed figures, and whether what was measured agrees with them."""

import os

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "figures")


def read():
    """By name: the figure, the tolerance in percent, and the limit or None."""
    figures = {}
    with open(PATH) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, figure, tolerance, limit = line.split()
                figures[name] = float(figure), float(tolerance), None if limit == "-" else float(limit)
    return figures


def write(measured):
    """Puts what was measured in the place of the figures; everything else stays as it is."""
    with open(PATH) as file:
        lines = file.readlines()
    for index, line in enumerate(lines):
        words = line.split()
        if words and words[0] in measured:
            name, _, tolerance, limit = words
            lines[index] = "%-22s %8.0f %10s %6s\n" % (name, measured[name], tolerance, limit)
    with open(PATH, "w") as file:
        file.writelines(lines)


def complaint(value, figure, tolerance, limit):
    """What is wrong with a measured value, or None."""
    if limit is not None and value > limit:
        return "more than the limit"
    if value > figure + figure * tolerance / 100:
        return "more than the committed figure allows"
    if value < figure - figure * tolerance / 100:
        return "better than the committed figure: commit the new figure (scripts/fanout gates --update)"
    return None
