# SPDX-License-Identifier: Apache-2.0
"""The table that the bench prints."""


class Row:
    """`value` is compared with `limit`; `measured` says what it is made of."""

    def __init__(self, what, reach, measured, value, limit, unit="x", more_is_better=False):
        self.what, self.reach, self.measured = what, reach, measured
        self.value = f"{value:.2f}{unit}" if unit == "x" else f"{value:.4g}{unit}"
        self.met = value >= limit if more_is_better else value <= limit

    def cells(self):
        return [self.what, self.reach, self.measured, self.value,
                "met" if self.met else "**not met**"]


def table(rows):
    """Markdown."""
    lines = ["| what | reach | measured | ratio | |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    return "\n".join(lines)


def write_into(path, text):
    """Replaces what stands between the two marks of a document."""
    begin, end = "<!-- bench -->\n", "<!-- end of bench -->\n"
    with open(path, "r+", encoding="utf-8") as document:
        head, rest = document.read().split(begin)
        tail = rest.split(end)[1]
        document.seek(0)
        document.truncate()
        document.write(head + begin + text + "\n" + end + tail)


def us(nanoseconds):
    return f"{nanoseconds / 1000:.0f} us"


def ms(seconds):
    return f"{seconds * 1000:.0f} ms"
