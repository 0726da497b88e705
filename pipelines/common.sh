# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the jobs share: where they are, the words of the policy's language, how GitHub and GitLab are spoken to, and the
# tools of a job. Each job reads this first.
set -euo pipefail
ci=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(dirname "$ci")
# shellcheck disable=SC2034
results=${BASCULE_RESULTS:-bascule-results}
on_github=${GITHUB_ACTIONS:-false}
set -a
# shellcheck source=words.sh
. "$ci/words.sh"
set +a

# tell error|warning TEXT [FILE]: a sentence that is shown on the change. Texts are data, never commands of a workflow.
tell() {
  if [ "$on_github" != true ]; then
    printf '%s\n' "$2" >&2
    return
  fi
  local text=${2//%/%25}
  text=${text//$'\r'/%0D}
  printf '::%s%s::%s\n' "$1" "${3:+ file=$3}" "${text//$'\n'/%0A}"
}

# give_up TEXT: say it, and fail.
give_up() {
  tell error "$1"
  exit 1
}

# apart COMMAND…: what it prints holds text of the policy, which GitHub must not take for commands of a workflow.
apart() {
  if [ "$on_github" != true ]; then
    "$@"
    return
  fi
  local word code=0
  word=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
  printf '::stop-commands::%s\n' "$word"
  "$@" || code=$?
  printf '\n::%s::\n' "$word"
  return "$code"
}

# summary FILE: shown on the page of the run, where there is such a page.
summary() {
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    cat "$1" >>"$GITHUB_STEP_SUMMARY"
  fi
}

# has JOB: whether the tools of a job are on PATH.
has() {
  case $1 in
    check) command -v bascule ;;
    preview) python3 -c 'from importlib.util import find_spec as f; assert f("boto3") and f("pulumi_aws") and f("pulumi_policy")' ;;
    verify) command -v ansible-playbook ;;
  esac >/dev/null 2>&1
}

# tools JOB: put the tools of a job on PATH. What is there already is used; the rest goes into an environment of its own.
tools() {
  if has "$1"; then
    return
  fi
  local wanted home
  case $1 in
    check) wanted=("${BASCULE_PACKAGE:-}") ;;
    verify)
      wanted=(-r "$ci/requirements-verify.txt")
      if compgen -G "$folder/wheels/*.whl" >/dev/null; then
        wanted+=(--no-index --find-links "$folder/wheels")
      fi
      ;;
    *) wanted=(-r "$ci/requirements-$1.txt") ;;
  esac
  if [ -z "${wanted[0]}" ]; then
    give_up "$say_no_bascule"
  fi
  home=${XDG_CACHE_HOME:-$HOME/.cache}/bascule/ci/$1-$(printf '%s\n' "${wanted[@]}" | cksum | cut -d ' ' -f 1)
  PATH=$home/bin:$PATH
  if ! has "$1"; then
    python3 -m venv "$home"
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check "${wanted[@]}"
  fi
}
