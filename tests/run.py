#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the test suites one after the other and adds up what they say.

    tests/run.py [SUITE ...]      all without arguments

A suite is a command that ends with `N passed, N failed` (`, N skipped`), or pytest's or cmocka's
own summary. The last line here is that line for all of them; the exit code is 0 only if nothing
failed and each suite said something.
"""
import glob
import os
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FUZZ_SECONDS = os.environ.get("FUZZ_SECONDS", "60")
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider"]


def unit_programs(build):
    return [[p] for p in sorted(glob.glob(f"{TOP}/{build}/unit/test_*"))]


def suites():
    """name, commands, environment, how the output is read"""
    make = ["make", "--no-print-directory", "-s"]
    yield "unit", unit_programs("build"), {}, "cmocka"
    yield "unit-asan", unit_programs("build/asan"), {}, "cmocka"
    if os.path.exists(f"{TOP}/tests/manual.sh"):
        yield "manual", [["tests/manual.sh"]], {}, "line"
    yield "exports", [["tests/exports.sh"]], {}, "line"
    yield "pam", [["tests/pam/run.sh"]], {"DBA_BUILD": "build"}, "line"
    yield "pam-asan", [["tests/pam/run.sh"]], {"DBA_BUILD": "build/asan"}, "line"
    yield "fuzz", [make + ["fuzz", f"FUZZ_SECONDS={FUZZ_SECONDS}"]], {}, "line"
    yield "daemon", [PYTEST + ["tests/daemon"]], {"DBA_BUILD": "build"}, "pytest"
    # The sanitizer's own memory, preloading and pace are not what these are about.
    yield "daemon-asan", [PYTEST + ["tests/daemon", "--ignore=tests/daemon/test_secrecy.py",
                                    "--deselect=tests/daemon/test_fixtures.py::" +
                                    "test_wait_of_a_service_is_short_while_the_check_goes_on",
                                    "--deselect=tests/daemon/test_fixtures.py::" +
                                    "test_a_platform_that_closes_after_each_answer"]], \
        {"DBA_BUILD": "build/asan"}, "pytest"
    yield "e2e", [PYTEST + ["tests/e2e"]], {"DBA_BUILD": "build"}, "pytest"


def count_cmocka(text):
    passed = sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test", text))
    failed = sum(int(n) for n in re.findall(r"\[  FAILED  \] .*?(\d+) test", text))
    return passed, failed, 0


def count_line(text):
    passed = failed = skipped = 0
    for m in re.finditer(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", text):
        passed += int(m[1])
        failed += int(m[2])
        skipped += int(m[3] or 0)
    return passed, failed, skipped


def count_pytest(text):
    last = text.strip().splitlines()[-1] if text.strip() else ""
    found = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error|skipped)", last)}
    return (found.get("passed", 0), found.get("failed", 0) + found.get("error", 0),
            found.get("skipped", 0))


COUNT = {"cmocka": count_cmocka, "line": count_line, "pytest": count_pytest}


def run_suite(name, commands, environment, kind):
    start = time.monotonic()
    text = ""
    broken = []
    for command in commands:
        done = subprocess.run(command, cwd=TOP, env={**os.environ, **environment},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        text += done.stdout
        if done.returncode != 0:
            broken.append(f"{' '.join(command)}: exit {done.returncode}")
    passed, failed, skipped = COUNT[kind](text)
    if broken and failed == 0:
        failed = len(broken)
    if passed + failed + skipped == 0:
        failed = 1
        broken.append("no test ran")
    if failed:
        print(text)
        print("\n".join(broken))
    print(f"{name:12} {passed:6} passed {failed:4} failed {skipped:4} skipped "
          f"{time.monotonic() - start:7.1f} s", flush=True)
    return passed, failed, skipped


def main():
    wanted = sys.argv[1:]
    known = [s for s in suites()]
    unknown = set(wanted) - {s[0] for s in known}
    if unknown:
        sys.exit(f"no such suite: {' '.join(sorted(unknown))}")
    total = [0, 0, 0]
    for suite in known:
        if wanted and suite[0] not in wanted:
            continue
        for i, n in enumerate(run_suite(*suite)):
            total[i] += n
    print(f"{total[0]} passed, {total[1]} failed" +
          (f", {total[2]} skipped" if total[2] else ""))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
