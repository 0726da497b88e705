# SPDX-License-Identifier: Apache-2.0
"""Plan to the page that is read on the worst day, in the policy's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bascule.emit.ci_words import README as CI
from bascule.emit.readme_words import WORDS
from bascule.plan import Activity, Plan, Text
from bascule.plan_cloud import PHASES, Cloud, CloudMachine
from bascule.values import duration_text

# What is done with a site that is built, and what is said of it.
_BUILDING = (
    ("ansible-playbook dr-build.yml --check --diff", "cloud_preview"),
    ("ansible-playbook dr-build.yml", "cloud_build"),
    ('BASCULE_DECLARE="…" ansible-playbook dr-activate.yml --check --diff', "cloud_preview_activate"),
    ("ansible-playbook dr-teardown.yml", "cloud_teardown"),
    ("ansible-playbook dr-sweep.yml", "cloud_sweep"),
)
# How the pipelines of `ci/` are put to use; the folder is called so where nobody says otherwise.
_ON_GITHUB = "mkdir -p .github/workflows && cp build/ci/github/*.yml .github/workflows/"
_ON_GITLAB = "include:\n  - local: build/ci/gitlab.yml"


def readme(plan: Plan) -> str:
    """Given a plan, return `README.md` of its folder."""
    say = WORDS[plan.policy.language]
    firm = _shown(plan.policy.name, plan.policy.language)
    sections = (
        f"# {say['title'].format(firm=firm)}\n\n{say['what']}",
        f"## {say['worst_day']}\n\n{say['declare']}\n\n{_code(say['activate'])}\n\n{say['declare_more']}",
        f"## {say['scenarios']}\n\n{_scenarios(plan, say)}",
        f"## {say['one_activity']}\n\n{say['one_activity_how']}\n\n{_activities(plan, say)}",
        *_both_lost(plan, say),
        f"## {say['before']}\n\n{say['install']}\n\n{_code(say['install_commands'])}",
        _from_where(plan, say),
        _secrets(plan, say),
        *_clouds(plan, say),
        f"## {say['other_days']}\n\n{_drivers(say)}",
        f"## {say['refused']}\n\n{say['refused_what']}",
        f"## {say['evidence']}\n\n{say['evidence_where']}",
        _pipelines(plan, CI[plan.policy.language]),
    )
    return "\n\n".join(sections) + "\n"


def _code(text: str) -> str:
    return f"```sh\n{text}\n```"


def _shown(text: Text, language: str) -> str:
    return _cell(text.get(language) or next(iter(text.values())))


def _cell(text: str) -> str:
    # Names are the firm's words: they must not end a cell or start markup.
    return "".join("\\" + character if character in "\\|`*_<>[]#" else character for character in text)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _scenarios(plan: Plan, say: Mapping[str, str]) -> str:
    rows = [(f"`-e scenario={name}`", say[f"mode_{scenario.mode}"]) for name, scenario in plan.scenarios.items()]
    return _table((say["option"], say["meaning"]), rows)


def _activities(plan: Plan, say: Mapping[str, str]) -> str:
    head = (say["activity"], say["option"], say["moves_with"], say["promised"], say["expected"])
    return _table(head, [_activity(plan, activity) for activity in plan.activities.values()])


def _activity(plan: Plan, activity: Activity) -> tuple[str, ...]:
    others = [name for name in plan.groups[activity.group].activities if name != activity.id]
    return (
        _shown(activity.name, plan.policy.language),
        f"`-e only={activity.id}`",
        ", ".join(others) or "–",
        _both(activity.target.rto_s, activity.target.rpo_s),
        _both(activity.predicted.rto.seconds, activity.predicted.rpo.seconds),
    )


def _both(time_s: float, loss_s: float) -> str:
    return f"{duration_text(round(time_s))} / {duration_text(round(loss_s))}"


def _both_lost(plan: Plan, say: Mapping[str, str]) -> Iterator[str]:
    place = next((system.third.machine for system in plan.systems.values() if system.third), None)
    if place:
        command = _code(f"{say['activate']} -e copies={place}")
        how = say["both_lost_how"].format(place=place)
        yield f"## {say['both_lost']}\n\n{how}\n\n{command}\n\n{say['both_lost_more']}"


def _from_where(plan: Plan, say: Mapping[str, str]) -> str:
    rows = [(name, item.site, item.machine or "–") for name, item in plan.controllers.items()]
    return f"{say['from_where']}\n\n" + _table((say["controller"], say["site"], say["machine"]), rows)


def _secrets(plan: Plan, say: Mapping[str, str]) -> str:
    rows = [
        (name, say[f"secret_{kind}"], f"`{place}`")
        for name, found in plan.secrets.items()
        for kind, place in found.items()
    ]
    return f"{say['secrets']}\n\n" + _table((say["secret"], say["kept_in"], say["where"]), rows)


def _clouds(plan: Plan, say: Mapping[str, str]) -> Iterator[str]:
    for cloud in (site.cloud for site in plan.sites.values() if site.cloud):
        parts = (
            say["cloud_what"].format(region=cloud.region),
            _machines(cloud, say),
            say["cloud_needs"].format(state=cloud.state.url),
            _code(say["cloud_install"]),
            _table((say["command"], say["does"]), [(f"`{command}`", say[word]) for command, word in _BUILDING]),
            _costs(cloud, say),
        )
        yield f"## {say['cloud']}\n\n" + "\n\n".join(parts)


def _machines(cloud: Cloud, say: Mapping[str, str]) -> str:
    rows = [
        (name, item.instance_type, f"{item.disk_bytes // 2**30} GiB", *(_there(phase, item, say) for phase in PHASES))
        for name, item in cloud.machines.items()
    ]
    return _table((say["machine"], say["type"], say["disk"], say["before_it"], say["after_it"]), rows)


def _there(phase: str, machine: CloudMachine, say: Mapping[str, str]) -> str:
    return say["is_there"] if phase in machine.runs_in else say["is_not_there"]


def _costs(cloud: Cloud, say: Mapping[str, str]) -> str:
    always = [name for name, machine in cloud.machines.items() if PHASES[0] in machine.runs_in]
    late = [name for name in cloud.machines if name not in always]
    costs = say["cloud_costs"].format(
        always=", ".join(always) or say["nothing"],
        late=", ".join(late) or say["nothing"],
        bucket=say["cloud_bucket"] if cloud.copies else "",
    )
    budget = cloud.budget
    if budget is None:
        return f"{costs} {say['cloud_no_budget']}"
    return f"{costs} {say['cloud_budget'].format(amount=f'{budget.amount:g}', currency=budget.currency)}"


def _drivers(say: Mapping[str, str]) -> str:
    rows = [
        (f"`ansible-playbook dr-{name}.yml`", say[f"driver_{name}"])
        for name in ("status", "verify", "build", "failback", "teardown")
    ]
    return _table((say["command"], say["does"]), rows)


def _pipelines(plan: Plan, say: Mapping[str, str]) -> str:
    cloud = any(site.cloud for site in plan.sites.values())
    seen = {"BASCULE_AWS_ROLE", "BASCULE_PUBLIC_KEY", "BASCULE_PASSPHRASE_PARAMETER"}
    names = [name for name in say if name.startswith("BASCULE_") and (cloud or name not in seen)]
    parts = (
        f"## {say['head']}",
        f"{say['what']} {say['cloud']}" if cloud else say["what"],
        f"{say['github']}\n\n{_code(_ON_GITHUB)}",
        f"{say['gitlab']}\n\n```yaml\n{_ON_GITLAB}\n```\n\n{say['gitlab_weekly']}",
        f"{say['variables']}\n\n" + _table((say["variable"], say["meaning"]), [(f"`{n}`", say[n]) for n in names]),
        say["runner"],
    )
    return "\n\n".join(parts)
