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


def print_table(rows):
    print("| what | reach | measured | ratio | |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row.cells()) + " |")


def us(nanoseconds):
    return f"{nanoseconds / 1000:.0f} us"


def ms(seconds):
    return f"{seconds * 1000:.0f} ms"
