# SPDX-License-Identifier: Apache-2.0
"""The sentence that a director reads first, and the one or two after it."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional

from bascule_runtime import words
from bascule_runtime.page.parts import activity_names
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Node, data, element

Report = Mapping[str, Any]
# So many are named in a sentence; the table below names all.
NAMED = 5


def headline(say: Speech, report: Report) -> list[Node]:
    """What the run came to, in one sentence."""
    if report["refused"] is not None:
        return say.sentence("head.refused")
    if report["run"]["ended"] is None:
        return _killed(say, report)
    if report["run"]["check"]:
        return say.sentence("head.feasible" if report["ok"] else "head.infeasible")
    return HEADS.get(report["run"]["driver"], _any)(say, report)


def _usable(report: Report) -> tuple[int, int]:
    entries = report.get("activities", ())
    return sum(1 for entry in entries if entry["word"] == "usable"), len(entries)


def _killed(say: Speech, report: Report) -> list[Node]:
    usable, count = _usable(report)
    if not count:
        return say.sentence("head.not_ended")
    return say.sentence("head.killed", usable=str(usable), n=str(count))


def _moved(say: Speech, report: Report) -> list[Node]:
    usable, count = _usable(report)
    driver = report["run"]["driver"]
    if not count:
        return say.sentence("head.nothing")
    if usable == count:
        return say.counted(f"head.{driver}", count)
    if not usable:
        return say.counted("head.none", count)
    return say.sentence("head.some", usable=str(usable), n=str(count))


def _status(say: Speech, report: Report) -> list[Node]:
    missed = [entry for entry in report.get("outlook", ()) if not (entry["keeps_rto"] and entry["keeps_rpo"])]
    if not missed:
        return say.sentence("head.status" if report["ok"] else "head.status_problems")
    return say.counted("head.status_missed", len(missed))


def _built(say: Speech, report: Report) -> list[Node]:
    bare = [entry for entry in report.get("systems", ()) if not entry["protected"]]
    if bare:
        return say.counted("head.bare", len(bare))
    return say.sentence("head.build" if report["ok"] else "head.build_problems")


def _verified(say: Speech, report: Report) -> list[Node]:
    counts = report.get("verification") or {"tests": 0, "passed": 0}
    if not counts["tests"]:
        return say.sentence("head.no_tests")
    if counts["passed"] == counts["tests"]:
        return say.counted("head.verify", counts["tests"])
    return say.counted("head.verify_failed", counts["tests"] - counts["passed"], of=str(counts["tests"]))


def _removed(say: Speech, report: Report) -> list[Node]:
    return say.sentence("head.teardown" if report["ok"] else "head.teardown_problems")


def _any(say: Speech, report: Report) -> list[Node]:
    return [say.word("reached" if report["ok"] else "problems")]


HEADS: dict[str, Callable[[Speech, Report], list[Node]]] = {
    "activate": _moved, "failback": _moved, "status": _status, "build": _built, "verify": _verified,
    "teardown": _removed}


def lede(say: Speech, report: Report) -> Optional[Node]:
    """What else matters at once: what is not usable, the longest interruption, the largest loss, the promises."""
    if report["refused"] is not None:
        return element("p", say.english(report["refused"]), class_="lede")
    said = [sentence for part in (_missing, _longest, _most, _records, _promises, _would)
            for sentence in part(say, report)]
    return element("p", [[sentence, " "] for sentence in said], class_="lede") if said else None


def _missing(say: Speech, report: Report) -> list[Node]:
    out = [entry["id"] for entry in report.get("activities", ()) if entry["word"] != "usable"]
    out += [entry["id"] for entry in report.get("outlook", ()) if not (entry["keeps_rto"] and entry["keeps_rpo"])]
    if not out or report["run"]["check"] or len(out) == len(report.get("activities", ())):
        return []
    names = activity_names(say, report)
    shown: list[Node] = [data(names[name]) for name in out[:NAMED]]
    if len(out) > NAMED:
        shown.append(say.counted("lede.more", len(out) - NAMED))
    return [say.sentence("lede.not_usable" if "activities" in report else "lede.at_risk", names=say.listed(shown))]


def _measured(report: Report, figure: str) -> list[Mapping[str, Any]]:
    return [entry["measured"] for entry in report.get("activities", ()) if entry["measured"][figure] is not None]


def _longest(say: Speech, report: Report) -> list[Node]:
    found = _measured(report, "rta_s")
    if not found:
        return []
    most = max(found, key=lambda measured: float(measured["rta_s"]))
    time = element("strong", say.bounded(most["rta_s"], most["rta_is"]))
    return [say.sentence("lede.longest" if len(found) > 1 else "lede.only_time", time=time)]


def _most(say: Speech, report: Report) -> list[Node]:
    found = _measured(report, "rpa_s")
    if not found:
        return []
    most = max(found, key=lambda measured: float(measured["rpa_s"]))
    if not most["rpa_s"] and most["rpa_is"] == "exact":
        return [say.sentence("lede.no_loss")]
    time = element("strong", say.bounded(most["rpa_s"], most["rpa_is"]))
    return [say.sentence("lede.most" if len(found) > 1 else "lede.only_loss", time=time)]


def _records(say: Speech, report: Report) -> list[Node]:
    lost = sum(entry["acknowledged"]["lost"] or 0 for entry in report.get("activities", ()))
    return [say.counted("lede.records", lost)] if lost else []


def _promises(say: Speech, report: Report) -> list[Node]:
    verdicts = [entry["verdict"][key] for entry in report.get("activities", ()) for key in ("rto", "rpo")
                if entry["target"].get(f"{key}_s") is not None]
    if not verdicts or report["run"]["check"]:
        return []
    missed, unseen = verdicts.count("missed"), verdicts.count("not_shown")
    if not missed and not unseen:
        return [say.sentence("lede.all_kept")]
    said: list[Node] = [say.counted("lede.missed", missed)] if missed else []
    return [*said, say.counted("lede.not_shown", unseen)] if unseen else said


def _would(say: Speech, report: Report) -> list[Node]:
    entries = report.get("outlook", ())
    times = [entry["predicted_rto_s"] for entry in entries if entry["predicted_rto_s"] is not None]
    ages = [entry["age_s"] for entry in entries if entry["age_s"] is not None]
    if not times or len(ages) < len(entries):
        return []
    return [say.sentence("lede.would", time=element("strong", say.duration(max(times))),
                         loss=element("strong", say.duration(max(ages))))]


def mood(report: Report) -> str:
    """The tone of the whole: good only where the driver's promise was seen to be kept."""
    if report["ok"] and not report["run"]["check"] and report["run"]["ended"] is not None:
        return "good"
    failed = any(entry["word"] in words.NOT_PASSED and entry["word"] != "simulated"
                 for entry in report.get("activities", ()))
    return "bad" if failed or (not report["ok"] and report["run"]["ended"] is not None) else "open"
