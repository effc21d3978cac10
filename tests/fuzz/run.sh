#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/fuzz/run.sh SECONDS TARGET...: each target for so long, two at a time, from its kept
# corpus. New inputs go to build/fuzz/corpus/TARGET, a crash to build/fuzz/crash-TARGET-*.
cd "$(dirname "$0")/../.." || exit 1
seconds=$1
shift
out=build/fuzz
one() {
    mkdir -p "$out/corpus/$1"
    if "$out/fuzz_$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=0 -verbosity=0 -close_fd_mask=1 \
        -artifact_prefix="$out/crash-$1-" "$out/corpus/$1" "tests/fuzz/corpus/$1" \
        >"$out/$1.log" 2>&1; then
        echo "fuzz $1: nothing found in $seconds s" >"$out/$1.result"
    else
        echo "fuzz $1: FAILED, see $out/$1.log" >"$out/$1.result"
        tail -n 40 "$out/$1.log"
    fi
}
# libconfig leaks what it read of a text that it then refuses.
export LSAN_OPTIONS=suppressions=tests/fuzz/lsan.txt
export seconds out
rm -f "$out"/*.result
while [ $# -gt 0 ]; do
    one "$1" & first=$!
    second=
    if [ $# -gt 1 ]; then
        one "$2" & second=$!
        shift
    fi
    shift
    wait $first $second
done
cat "$out"/*.result
failed=$(grep -l FAILED "$out"/*.result | wc -l)
all=$(ls "$out"/*.result | wc -l)
echo "$((all - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
