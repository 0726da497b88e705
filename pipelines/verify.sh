#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Asks the site that serves whether it is what the plan says: dr-verify.yml, from a computer that reaches the machines.
# The results (JUnit, the report as HTML, JSON and text, the journal) are in bascule-results, or in BASCULE_RESULTS.
# BASCULE_VARIABLES: a file of variables for Ansible, where secrets of the policy are kept in a vault.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
tools verify

given=()
if [ -n "${BASCULE_VARIABLES:-}" ]; then
  given=(-e "@$(cd "$(dirname "$BASCULE_VARIABLES")" && pwd)/$(basename "$BASCULE_VARIABLES")")
fi
names=(verify.xml report.html report.json report.txt journal.jsonl summary.md)
mkdir -p "$results"
results=$(cd "$results" && pwd)
(cd "$results" && rm -f "${names[@]}")
cd "$folder"

# The names of runs begin with the time.
newest() {
  if [ -d runs ]; then
    find runs -maxdepth 1 -name '*-verify-*' | sort | tail -n 1
  fi
}

before=$(newest)
code=0
apart ansible-playbook dr-verify.yml ${given[@]+"${given[@]}"} || code=$?
run=$(newest)
if [ -z "$run" ] || [ "$run" = "$before" ]; then
  give_up "$say_no_run"
fi
# It ends with 1 where the promise was not kept, which `code` says already.
PYTHONPATH=lib python3 -B -m bascule_runtime report "$run" --html >/dev/null || [ $? = 1 ]
for name in "${names[@]}"; do
  if [ -e "$run/$name" ]; then
    cp "$run/$name" "$results/"
  fi
done
if [ -e "$results/report.txt" ]; then
  # Four blanks in front: nothing in it is markup.
  sed 's/^/    /' "$results/report.txt" >"$results/summary.md"
  summary "$results/summary.md"
fi
if [ "$code" != 0 ]; then
  tell error "$say_not_verified"
fi
exit "$code"
