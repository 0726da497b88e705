#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows what a build and an activation would change in the cloud; changes nothing. The text is bascule-results/preview.md.
# Credentials: AWS's own chain or, in GitLab, the job's identity (BASCULE_ID_TOKEN) with the role BASCULE_AWS_ROLE.
# BASCULE_PUBLIC_KEY: the public half of the key by which machines are reached, where the key itself is not here.
# BASCULE_PASSPHRASE_PARAMETER: where AWS Systems Manager keeps the passphrase of the state, when it is not here either.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
tools preview
if ! command -v pulumi >/dev/null; then
  give_up "$say_no_pulumi"
fi
if ! command -v pulumi-resource-aws >/dev/null; then
  # The engine fetches nothing by itself.
  pulumi plugin install resource aws "$(python3 -c 'from importlib import metadata; print(metadata.version("pulumi-aws"))')"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${BASCULE_ID_TOKEN:-}" ]; then
  (umask 077 && printf '%s' "$BASCULE_ID_TOKEN" >"$work/token")
  export AWS_WEB_IDENTITY_TOKEN_FILE=$work/token AWS_ROLE_ARN=${BASCULE_AWS_ROLE:-} AWS_ROLE_SESSION_NAME=bascule-preview
  unset BASCULE_ID_TOKEN
fi
if [ -z "${PULUMI_CONFIG_PASSPHRASE:-}" ]; then
  PULUMI_CONFIG_PASSPHRASE=$(python3 "$ci/preview.py" passphrase) || give_up "$say_no_passphrase"
  if [ "$on_github" = true ]; then
    printf '::add-mask::%s\n' "$PULUMI_CONFIG_PASSPHRASE"
  fi
fi
export PULUMI_CONFIG_PASSPHRASE

mkdir -p "$results"
code=0
python3 "$ci/preview.py" title >"$results/preview.md"
for phase in protect activate; do
  python3 "$ci/preview.py" request "$phase" >"$work/request"
  # The bridge says what went wrong in its last line, which is shown with the rest.
  python3 -B "$folder/stack/bridge.py" <"$work/request" >"$work/said" || code=1
  python3 "$ci/preview.py" show "$phase" <"$work/said" >>"$results/preview.md" || code=1
done
apart cat "$results/preview.md"
summary "$results/preview.md"
if [ "$code" != 0 ]; then
  tell error "$say_no_preview"
fi
exit "$code"
