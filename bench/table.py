# SPDX-License-Identifier: Apache-2.0
"""The table that the bench prints."""


class Row:
    """`value` is compared with `reach`; `measured` says what it is made of."""

    def __init__(self, what, reach, measured, value, limit, more_is_better=False):
        self.what, self.reach, self.measured = what, reach, measured
        self.value = value
        self.met = value >= limit if more_is_better else value <= limit

    def cells(self):
        return [self.what, self.reach, self.measured, f"{self.value:.2f}",
                "met" if self.met else "**not met**"]


def print_table(rows):
    print("| what | reach | measured | value | |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row.cells()) + " |")


def us(nanoseconds):
    return f"{nanoseconds / 1000:.0f} us"


def ms(seconds):
    return f"{seconds * 1000:.0f} ms"
