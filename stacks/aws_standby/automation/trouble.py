# SPDX-License-Identifier: Apache-2.0
"""What went wrong with the engine, as a code and a sentence that says what to do."""

from __future__ import annotations

import re
from typing import Any

# What the engine says → code and sentence; {said} is the line that matched. The first that matches counts.
KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"incorrect passphrase|passphrase must be set",
        "passphrase",
        "The passphrase is not the one that the state of the standby was made with. Look at the secret that the policy "
        "names for it (state: passphrase:).",
    ),
    (
        r"could not find latest version for provider|no resource plugin|failed to load plugin|"
        r"plugin .* not (?:found|installed)|could not (?:find|read) plugin|no language plugin",
        "no-plugin",
        "A plugin of Pulumi is missing on this controller ({said}). Install it beforehand, `pulumi plugin install "
        "resource aws`: during a run nothing is downloaded.",
    ),
    (
        r"NoCredentialProviders|no valid credential sources|Unable to locate credentials|InvalidClientTokenId|"
        r"SignatureDoesNotMatch|UnrecognizedClientException|AuthFailure|ExpiredToken|"
        r"security token .* (?:invalid|expired)|failed to refresh cached credentials|get identity: get credentials",
        "credentials",
        "The account does not accept the credentials of this controller ({said}). Give it valid ones (AWS_PROFILE, or "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) and start again.",
    ),
    (
        r"unable to (?:open|check|list) (?:bucket|state)|could not list bucket|problem (?:logging in|opening state)|"
        r"failed to (?:load|get) (?:checkpoint|current stack)|read \.pulumi/meta\.yaml|unable to check if bucket|"
        r"NoSuchBucket|could not get cloud url|pulumi login|blob \(.*\) ?\(code=|no such file or directory.*\.pulumi",
        "state",
        "The state of the standby cannot be read ({said}). Look at the place that the policy names for it "
        "(state: url:) and at the way there.",
    ),
    (r"\[mandatory\]", "policy", "The rules for the standby forbid it: {said}"),
    (r"update cancell?ed|cancell?ing update", "ended", "The work was ended before its end."),
)
# Lines that only say that something else failed.
NOISE = re.compile(r"^(?:stderr|stdout|code): *-?\d*$|^Resources:|^Duration:|^error: (?:update|preview) failed$|^\s*$")
FRONT = re.compile(r"^(?:(?:stderr|stdout|error): )+")
LONGEST = 400


class Trouble(Exception):
    """The engine could not do it: a code and a sentence for the user; ``more`` is what came to be all the same."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.more: dict[str, Any] = {}


def understood(said: str, failures: tuple[str, ...] = ()) -> Trouble:
    """Given what the engine printed and its error messages, return what that means."""
    lines = [line.strip() for line in [*failures, *said.splitlines()]]
    for pattern, reason, sentence in KNOWN:
        hit = next((line for line in lines if re.search(pattern, line, re.IGNORECASE)), None)
        if hit is not None:
            return Trouble(reason, sentence.format(said=short(hit)))
    told = [line for line in failures or lines if not NOISE.search(line)]
    return Trouble("error", f"The engine failed: {short('; '.join(dict.fromkeys(told[:3])) or 'it said nothing')}")


def short(text: str) -> str:
    """One line of at most `LONGEST` characters, without the engine's own word in front."""
    line = FRONT.sub("", re.sub(r"\s+", " ", text).strip())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
