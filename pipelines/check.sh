#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the policy, and that this folder is what the policy gives. Start it where the policy is: build/ci/check.sh
# BASCULE_POLICY: the policy (policy.yml). BASCULE_KNOWN_HOSTS: the pinned keys, when they are not beside it.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
tools check

policy=${BASCULE_POLICY:-policy.yml}
pinned=()
if [ -n "${BASCULE_KNOWN_HOSTS:-}" ]; then
  pinned=(--known-hosts "$BASCULE_KNOWN_HOSTS")
fi
form=text
if [ "$on_github" = true ]; then
  # Findings become notes on the lines of the change.
  form=github
fi
bascule check --format "$form" "$policy"

code=0
told=$(bascule compile "$policy" --output "$folder" --check ${pinned[@]+"${pinned[@]}"} 2>&1) || code=$?
if [ "$code" = 1 ]; then
  # Not what the policy gives: what that means for a recovery says more than a list of files.
  told=$(bascule diff "$policy" "$folder" ${pinned[@]+"${pinned[@]}"} 2>&1) || true
  tell error "$say_stale"$'\n'"$told" "$policy"
elif [ "$code" != 0 ]; then
  tell error "$told"
else
  apart printf '%s\n' "$told"
fi

for file in "$ci"/github/*.yml; do
  copy=.github/workflows/$(basename "$file")
  if [ -e "$copy" ] && ! cmp -s "$file" "$copy"; then
    tell warning "$say_old_copy" "$copy"
  fi
done
exit "$code"
