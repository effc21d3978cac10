#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The simulator checked: plants each mistake of tests/sim/mutants/ in a copy of the core, and
# looks for a seed that finds it (one that the core as it is passes). Fails if one does not
# apply, does not build, or is not found.
#
#   tests/sim/mutants.sh [NAME...]      all, or these
#   MUTANT_SECONDS=120                  how long to look for each
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${MUTANT_SECONDS:-120}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' INT TERM

build() { # in folder $1
	make -s -C "$1" build/simulate >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
}

# Says by which invariant and after how many seeds; false: not found.
find_it() {
	first=1
	tried=0
	deadline=$(($(date +%s) + seconds))
	while left=$((deadline - $(date +%s))) && [ "$left" -gt 0 ]; do
		said=$("$work/mutant/build/simulate" --seconds "$left" --first "$first" --find |
			sed -n 's/^found by invariant \(.*\) after \([0-9]*\) seeds, the last \([0-9]*\)$/\1 \2 \3/p')
		[ -n "$said" ] || return 1
		# shellcheck disable=SC2086
		set -- $said
		tried=$((tried + $2))
		if "$work/clean/build/simulate" --seed "$3" >/dev/null; then
			echo "found $name by invariant $1 after $tried seeds"
			return 0
		fi
		first=$(($3 + 1))
	done
	return 1
}

mkdir "$work/clean" || exit 2
(cd "$top" && tar cf - Makefile libdblabauth tests/sim) | (cd "$work/clean" && tar xf -)
build "$work/clean" || exit 2

failed=0
for patch in "$top"/tests/sim/mutants/*.patch; do
	name=$(basename "$patch" .patch)
	if [ $# -gt 0 ]; then
		case " $* " in *" $name "*) ;; *) continue ;; esac
	fi
	rm -rf "$work/mutant"
	cp -a "$work/clean" "$work/mutant"
	if ! patch -s -p1 -d "$work/mutant" <"$patch" >&2; then
		echo "NOT APPLIED $name"
		failed=1
	elif ! build "$work/mutant"; then
		echo "NOT BUILT $name"
		failed=1
	elif ! find_it; then
		echo "NOT FOUND $name in $seconds seconds"
		failed=1
	fi
done
exit $failed
