#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: measures the real module, daemon and TLS in a private world and prints a table.

    bench/run.py [--seconds N] [--update FILE] [ROW ...]

N bounds the repetitions (300 is all of them; rows that need a time of their own take it). --update
writes the table into a document, between its two marks. ROW is a function of the files of rows:
cached, throughput, forked, hanging, distant, joined, burst, burst_http1, pooled, live, started,
simulated. Cores that are busy with something else make wake-ups slow, and with them whatever asks
a daemon: measure on a quiet machine."""
import argparse
import os
import platform as machine
import re
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig as rigs  # noqa: E402
import world  # noqa: E402
from table import table, write_into  # noqa: E402


def describe():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = re.search(r"model name\s*: (.*)", info.read())
    with open("/etc/os-release", encoding="utf-8") as release:
        name = re.search(r'PRETTY_NAME="(.*)"', release.read())
    return (f"{len(os.sched_getaffinity(0))} cores of {model[1] if model else 'unknown'}, "
            f"Linux {machine.release().split('-')[0]}, {name[1] if name else 'unknown'}; Platform, "
            f"callers and daemon share them.")


def all_rows():
    import hosts
    import logins
    import poolers
    import remote
    return logins.ROWS + remote.ROWS + poolers.ROWS + hosts.ROWS


def main():
    parser = argparse.ArgumentParser(description="measures; see the head of bench/run.py")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--update", metavar="FILE")
    parser.add_argument("rows", nargs="*")
    options = parser.parse_args()
    if not world.can_enter():
        sys.exit("make bench needs root: sudo make bench")
    if not world.is_inside():
        rigs.build()
        world.enter()
    begin, found, broken = time.monotonic(), [], 0
    rig = rigs.Rig(options.seconds)
    try:
        for rows in all_rows():
            if options.rows and rows.__name__ not in options.rows:
                continue
            print(f"{time.monotonic() - begin:6.0f} s  {rows.__name__}", file=sys.stderr)
            try:
                found.extend(rows(rig))
            except Exception:  # the other rows are worth having
                broken += 1
                traceback.print_exc()
    finally:
        rig.host.stop_all()
    text = f"Measured on {describe()}\n\n{table(found)}"
    print(text)
    if options.update:
        write_into(options.update, text)
    unmet = [row.what for row in found if not row.met]
    print(f"\n{len(found) - len(unmet)} met, {len(unmet)} not met, {broken} rows broke, "
          f"{time.monotonic() - begin:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
