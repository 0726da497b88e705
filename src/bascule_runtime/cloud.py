# SPDX-License-Identifier: Apache-2.0
"""What a run did in a cloud: what was shown, built, taken back or destroyed there, and what the account says is left.

What a double did counts as simulated, however well it went; what ran on machines is judged elsewhere, and is real.
"""

from __future__ import annotations

from typing import Optional

from bascule_runtime import built
from bascule_runtime.events import Event, Run

# Actions of which nothing remains: something is shown, or known from before.
LOOKS = ("previewed", "saved")
CHANGES = ("create", "update", "replace", "delete")


def told(run: Run) -> Optional[Event]:
    """`{"actions", "account", "contacts", "absent"}`, None for a policy of which nothing is built in a cloud."""
    if not built.sites(run.plan):
        return None
    actions = [_action(event) for event in run.events if event["event"] == "stack"]
    contacts = [{key: event.get(key) for key in ("machine", "address", "instance", "key")}
                for event in run.events if event["event"] == "first_contact"]
    return {"actions": actions, "account": account(run), "contacts": contacts,
            "absent": list(run.facts.get("absent") or ())}


def _action(event: Event) -> Event:
    counts = {name: int(count) for name, count in (event.get("summary") or {}).items()}
    failed = bool(event.get("msg")) and event["action"] != "saved"
    word = "failed" if failed else "simulated" if event.get("simulated") or event.get("looked") else "done"
    return {"site": event["site"], "action": event["action"], "phase": event.get("phase"), "drill": event.get("drill"),
            "counts": counts, "seconds": event["seconds"], "word": "asked" if event["action"] == "saved" else word,
            "simulated": bool(event.get("simulated")), "looked": bool(event.get("looked")),
            "provider": event.get("provider") or "", "msg": event.get("msg") or ""}


def account(run: Run) -> Optional[Event]:
    """What the account answered last, with what each thing that is left costs a day; None when it was not asked."""
    asked = [event for event in run.events if event["event"] == "account" and event["action"] != "sweep"]
    swept = [event for event in run.events if event["event"] == "account" and event["action"] == "sweep"]
    if not asked and not swept:
        return None
    last, why = (asked or swept)[-1], {}
    for event in swept:
        why.update({entry["id"]: entry.get("why") for entry in event.get("things") or () if entry.get("why")})
    things = [{**entry, "why": why.get(entry["id"], "")} for entry in last.get("things") or ()]
    prices = [float(entry["a_day"]) for entry in things if entry.get("a_day") is not None]
    return {"action": last["action"], "account": last.get("account"), "things": things,
            "going": list(last.get("going") or ()), "unknown": list(last.get("unknown") or ()),
            "problems": list(last.get("problems") or ()), "processors": last.get("processors"),
            "saved_at": last.get("saved_at"), "simulated": bool(last.get("simulated")), "msg": last.get("msg") or "",
            "removed": [name for event in swept for name in event.get("removed") or ()],
            "a_day": round(sum(prices), 2) if prices else 0.0, "prices": last.get("prices") or ""}


def left(run: Run) -> list[str]:
    """Sentences on what is left in the account, and on what could not be asked; empty when it is shown to be clean."""
    found = account(run)
    if found is None:
        return []
    return [*map(thing, found["things"]), *(f"not asked, so not known: {text}" for text in found["unknown"])]


def overdue(run: Run) -> list[str]:
    """Of a sweep of drills: what it was to remove and could not."""
    swept = [event for event in run.events if event["event"] == "account" and event["action"] == "sweep"]
    return [thing(entry) for event in swept[-1:] for entry in event.get("things") or ()]


def thing(entry: Event) -> str:
    """One thing that is left, in a sentence."""
    name = f" ({entry['name']})" if entry.get("name") else ""
    price = entry.get("a_day")
    cost = "at a price that is not known" if price is None else f"{price:.2f} USD a day"
    if entry.get("locked_until"):
        return (f"{entry['kind']} {entry['id']}{name}: {entry.get('copies', 0)} copies are locked until "
                f"{entry['locked_until']}, {cost}; then dr-sweep.yml can remove it")
    why = f": {entry['why']}" if entry.get("why") else ""
    return f"{entry['kind']} {entry['id']}{name} is left, {cost}{why}"


def problems(run: Run) -> list[str]:
    """Of a look: what would keep an activation from being built now."""
    found = account(run) or {}
    failed = [action["msg"] for action in (told(run) or {}).get("actions", ()) if action["word"] == "failed"]
    return [*found.get("problems", ()), *failed]
