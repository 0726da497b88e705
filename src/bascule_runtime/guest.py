# SPDX-License-Identifier: Apache-2.0
"""What steps of a run ask of a hypervisor: one request as JSON on standard input, one answer as JSON.

`python3 -m bascule_runtime guest --config FILE`; of FILE it reads `guest`: `{"by", "guest", "whose", "reading",
"staging", "target", "chains", "side"}`. A request is `{"do": one of ASKED, …}`; the answer `{"ok": …}`, or
`{"trouble": sentence, "damaged": bool}` with exit code 1.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Any, Callable, Optional, Sequence

from bascule_runtime import agent
from bascule_runtime.hypervisor import (
    ABSENT,
    NO_AGENT,
    Hypervisor,
    TroubleError,
    adapter,
    guard,
    images,
    laying,
    point,
    standing,
)

Json = dict[str, Any]


def _look(host: Hypervisor, about: Json, asked: Json) -> Json:
    guest, state = about["guest"], host.state(about["guest"])
    why = host.agent(guest) if state == "running" else None
    return {"state": state, "guarded": guard.guarded(guest), "released": guard.released(guest), "agent": why,
            "agent_lost": bool(why) and NO_AGENT not in str(why), "laid": laying.laid_at(about["target"])}


def _describe(host: Hypervisor, about: Json, asked: Json) -> Json:
    return standing.described(host, about["guest"], about["side"])


def _problems(host: Hypervisor, about: Json, asked: Json) -> list[str]:
    laid = laying.laid_at(about["target"])
    return standing.problems(host, asked["holds"], {**asked["about"], "guest": about["guest"], "laid": bool(laid),
                                                    "ours": guard.guarded(about["guest"])})


def _guard(host: Hypervisor, about: Json, asked: Json) -> Json:
    return {"hook": guard.lay(), "guarded": guard.guard(about["guest"], about["whose"])}


def _release(host: Hypervisor, about: Json, asked: Json) -> bool:
    return guard.release(about["guest"])


def _retain(host: Hypervisor, about: Json, asked: Json) -> bool:
    return guard.retain(about["guest"])


def _tidy(host: Hypervisor, about: Json, asked: Json) -> bool:
    return host.state(about["guest"]) == "running" and host.join(about["guest"], point.SUFFIX)


def _lay(host: Hypervisor, about: Json, asked: Json) -> Json:
    return laying.lay(host, about, str(asked["point"]), about["target"], float(asked["limit_s"]))


def _stand(host: Hypervisor, about: Json, asked: Json) -> Json:
    return standing.stand(host, about["target"], {**asked["about"], "guest": about["guest"]})


def _start(host: Hypervisor, about: Json, asked: Json) -> str:
    if host.state(about["guest"]) == "running":
        return "ran already"
    host.start(about["guest"], float(asked["limit_s"]))
    return "started"


def _stop(host: Hypervisor, about: Json, asked: Json) -> str:
    return host.stop(about["guest"], float(asked["limit_s"]), bool(asked.get("force")))


def _settle(host: Hypervisor, about: Json, asked: Json) -> Json:
    return standing.settle(host, about["target"], {**asked["about"], "guest": about["guest"]})


def _seed(host: Hypervisor, about: Json, asked: Json) -> int:
    return standing.seed(host, about["guest"], about["target"], asked["laid"])


def _commit(host: Hypervisor, about: Json, asked: Json) -> Optional[Json]:
    return standing.commit(about["target"], float(asked["limit_s"]))


def _content(host: Hypervisor, about: Json, asked: Json) -> dict[str, str]:
    """Hashes of what was laid: images and the other files of the guest, by name."""
    laid = laying.laid_at(about["target"]) or asked["laid"]
    names = [disk["image"] for disk in laid["disks"]] + list(laid["files"].values())
    return {name: images.content(f"{about['target']}/{name}") for name in names}


def _forget(host: Hypervisor, about: Json, asked: Json) -> Json:
    """`undefine`: the guest itself goes too, with the images that a recovery laid; else only what is ours of it."""
    guest = about["guest"]
    if asked["undefine"] and host.state(guest) != ABSENT:
        host.stop(guest, 0, force=True)
        host.forget(guest)
    if not asked["undefine"] and host.state(guest) != ABSENT:
        host.join(guest, point.SUFFIX)
        host.forget_blocks(guest)
    guard.free(guest)
    # A guest that came home to an empty host runs from what was brought there: that is the firm's now.
    stays = host.state(guest) != ABSENT and any(
        disk.file.startswith(f"{about['target']}/") for disk in host.holds(host.definition(guest)).disks)
    ours = (about["staging"], about["chains"], *(() if stays else (about["target"],)))
    removed = [folder for folder in ours if os.path.isdir(folder)]
    for folder in removed:
        shutil.rmtree(folder)
    return {"removed": removed, "stays": about["target"] if stays else None}


ASKED: dict[str, Callable[[Hypervisor, Json, Json], Any]] = {
    "look": _look, "describe": _describe, "problems": _problems, "guard": _guard, "release": _release,
    "retain": _retain, "tidy": _tidy, "lay": _lay, "stand": _stand, "start": _start, "stop": _stop, "commit": _commit,
    "content": _content, "forget": _forget, "settle": _settle, "seed": _seed,
}  # fmt: skip


def answer(about: Json, asked: Json) -> Json:
    """The answer to one request."""
    try:
        return {"ok": ASKED[asked["do"]](adapter(about["by"]), about, asked)}
    except TroubleError as trouble:
        return {"trouble": f"{str(trouble).rstrip('.')}.", "damaged": isinstance(trouble, laying.DamagedError)}
    except OSError as fault:
        return {"trouble": f"This host refused: {fault}.", "damaged": False}


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `guest`."""
    about = agent.configuration("guest", arguments)["guest"]
    told = answer(about, json.load(sys.stdin))
    sys.stdout.write(json.dumps(told, sort_keys=True) + "\n")
    return 0 if "ok" in told else 1
