#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual: its pages pass mandoc, and dblab-auth.conf(5) lists the settings as the daemon's own
# table has them (dblab-authd --options-roff), word for word.
#
#     tests/manual.sh [--update]     --update writes the list into the page
set -eu
cd "$(dirname "$0")/.."
build=${DBA_BUILD:-build}
page=man/dblab-auth.conf.5
passed=0
failed=0

verdict() { # NAME RESULT
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $1"
    fi
}

# The page with its list of settings replaced by what stands on standard input.
with_options() {
    sed '/^\.\\" begin options$/q' "$page"
    cat
    sed -n '/^\.\\" end options$/,$p' "$page"
}

# mdoc wants each sentence on a line of its own.
options=$("$build/dblab-authd" --options-roff | sed '/^\./!s/\. \([A-Z]\)/.\n\1/g')
if [ "${1:-}" = --update ]; then
    page_now=$(echo "$options" | with_options)
    echo "$page_now" > "$page"
fi

rc=0
echo "$options" | with_options | diff -u "$page" - || rc=1
verdict "$page lists the settings of dblab-authd --options-roff (tests/manual.sh --update)" $rc

for file in man/*.[1-9]; do
    rc=0
    mandoc -T lint -W warning "$file" || rc=1
    verdict "mandoc -T lint $file" $rc
done

# The default list of services, as the page has it, is the one in force where the file has none.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'platform: { orgId = 1; };\nidentity: { domain = "acme.io"; };\n' > "$work/bare.conf"
{
    cat "$work/bare.conf"
    sed -n '/^services: ($/,/^);$/p' "$page" | sed '/^);$/q'
} > "$work/page.conf"
rc=0
"$build/dblab-authd" --config "$work/bare.conf" --dump > "$work/bare.dump" 2> /dev/null &&
    "$build/dblab-authd" --config "$work/page.conf" --dump > "$work/page.dump" 2> /dev/null || rc=1
diff -u "$work/bare.dump" "$work/page.dump" || rc=1
verdict "$page shows the default list of services" $rc

# Each verb and each option of the commands is in their pages.
named() { # PROGRAM PAGE
    "$build/$1" --help | grep -oE -e '--[a-z]+' | sort -u | while read -r option; do
        grep -q -e "Fl -${option#--}" "$2" || echo "$2 lacks $option"
    done
}
for pair in dblab-authd:man/dblab-authd.8 dblab-auth:man/dblab-auth.1; do
    missing=$(named "${pair%%:*}" "${pair#*:}")
    rc=0
    [ -z "$missing" ] || { echo "$missing"; rc=1; }
    verdict "${pair#*:} names every option" $rc
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
