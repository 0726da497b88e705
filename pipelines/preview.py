# SPDX-License-Identifier: Apache-2.0
"""The parts of `preview.sh` that read and write JSON: what the bridge is asked, and its answer as text for a change.

Texts come by the environment, as `say_…`, in the language of the policy. Standard library and, for a passphrase that
AWS Systems Manager keeps, boto3.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(FOLDER / "lib"))

from bascule_runtime import secrets  # noqa: E402

PARAMETER, PUBLIC_KEY = "BASCULE_PASSPHRASE_PARAMETER", "BASCULE_PUBLIC_KEY"
SIGNS = {"create": "+", "delete": "-", "update": "~", "replace": "+-"}
SAY = {name.removeprefix("say_"): text for name, text in os.environ.items() if name.startswith("say_")}
MARKUP = "\\`*_[]|~>"


class CannotError(Exception):
    """Something is missing; the text is a sentence."""


def plan() -> dict[str, Any]:
    """The plan of this folder."""
    return dict(json.loads((FOLDER / "plan.json").read_text(encoding="utf-8")))


def cloud(of: dict[str, Any]) -> dict[str, Any]:
    """What the plan builds in a cloud."""
    return next(site["cloud"] for site in of["sites"].values() if site.get("cloud"))


def passphrase() -> str:
    """The passphrase of the state: where AWS keeps it, else where the policy says. Raises CannotError."""
    of = plan()
    if os.environ.get(PARAMETER):
        return _parameter(os.environ[PARAMETER], cloud(of)["region"])
    try:
        return secrets.resolve(cloud(of)["state"]["passphrase"]["secret"], of["secrets"])
    except secrets.MissingSecretError as error:
        raise CannotError(str(error)) from None


def _parameter(name: str, region: str) -> str:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = boto3.client("ssm", region_name=region).get_parameter(Name=name, WithDecryption=True)
    except (BotoCoreError, ClientError) as error:
        # What AWS says of it may name the identity, never the value.
        raise CannotError(f"{PARAMETER}: {error}") from None
    return str(found["Parameter"]["Value"])


def public_key() -> str:
    """The public half of the key by which the machines that are built are reached. Raises CannotError."""
    if os.environ.get(PUBLIC_KEY):
        return os.environ[PUBLIC_KEY].strip()
    of = plan()
    names = [(of["machines"][name].get("key") or {}).get("secret") for name in cloud(of)["machines"]]
    found = list(dict.fromkeys(_public(name, of["secrets"]) for name in dict.fromkeys(filter(None, names))))
    if len(found) != 1:
        raise CannotError(SAY.get("one_key", ""))
    return found[0]


def _public(name: str, declared: dict[str, Any]) -> str:
    try:
        private = secrets.resolve(name, declared)
    except secrets.MissingSecretError as error:
        raise CannotError(f"{SAY.get('no_key', '')} ({error})") from None
    public = secrets.public_half(private)
    if public is None:
        raise CannotError(f"{name}: {SAY.get('bad_key', '')}")
    return public


def request(phase: str) -> str:
    """The line that the bridge is asked with. Raises CannotError."""
    of = plan()
    config = {"bascule:phase": phase, "bascule:publicKey": public_key()}
    asked = {"do": "preview", "folder": str(FOLDER), "policy": of["policy"]["id"], "stack": "standby",
             "state": cloud(of)["state"]["url"], "run": "preview", "config": config,
             "facts": {"region": cloud(of)["region"]}}  # fmt: skip
    return json.dumps(asked)


def shown(phase: str, lines: Iterable[str]) -> Iterator[str]:
    """Markdown of what the bridge said. Raises CannotError, after all that there is, when it could not look."""
    events = [event for event in map(_event, lines) if event]
    last = events[-1] if events else {}
    yield f"### {SAY.get(phase, phase)}\n"
    yield from (f"- {plain(str(event['text']))}" for event in events if event["event"] == "note")
    yield from (f"- {plain(str(event['message']))}" for event in events if event["event"] == "said")
    if last.get("event") != "end":
        why = str(last.get("msg") or SAY.get("bridge", ""))
        yield f"\n**{plain(why)}**\n"
        raise CannotError(why)
    if last["steps"]:
        yield f"\n| | {SAY.get('kind', '')} | {SAY.get('name', '')} |\n| --- | --- | --- |"
    for step in last["steps"]:
        name = str(step["urn"]).rpartition("::")[2]
        yield f"| `{SIGNS.get(step['op'], '?')}` | {code(str(step.get('type', '')))} | {code(name)} |"
    counts = ", ".join(f"{count} {operation}" for operation, count in sorted(last["summary"].items()))
    yield f"\n{plain(counts)}" if last["steps"] else f"\n{SAY.get('nothing', '')}"
    if last.get("simulated"):
        yield f"\n**{SAY.get('simulated', '')}**"
    yield ""


def title() -> str:
    """What the text begins with."""
    return f"## {SAY.get('title', '')}\n"


def plain(text: str) -> str:
    """Text on one line, with nothing in it that is markup."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return "".join("\\" + character if character in MARKUP else character for character in line)


def code(text: str) -> str:
    """Text on one line, as it is, for a cell of a table."""
    return "`" + " ".join(text.split()).replace("`", "'").replace("|", "\\|") + "`"


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def main(arguments: list[str]) -> int:
    """`title`, `passphrase`, `request PHASE`, or `show PHASE` with the bridge's lines on standard input."""
    do, phase = arguments[0], "".join(arguments[1:2])
    try:
        if do == "show":
            for line in shown(phase, sys.stdin):
                print(line)
        else:
            print({"title": title, "passphrase": passphrase}[do]() if do != "request" else request(phase))
    except CannotError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
