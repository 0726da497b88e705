# SPDX-License-Identifier: Apache-2.0
"""The command `bascule-lab`. Exit codes: 0 done, 1 failed, 2 wrong use, 3 this computer cannot do it."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bascule_lab import estate, image, instances, keys, steer, takedown
from bascule_lab import lab as life
from bascule_lab.base import Lab
from bascule_lab.demo import cli as demo
from bascule_lab.errors import FAILED, USAGE, LabError
from bascule_lab.host import Host, require_root
from bascule_lab.state import State


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = parser().parse_args(argv)
    try:
        return int(args.work(args) or 0)
    except LabError as error:
        print(f"bascule-lab: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"bascule-lab: {error.filename or 'this computer'}: {error.strerror or error}.", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("bascule-lab: interrupted; the same command again goes on from here.", file=sys.stderr)
        return FAILED


def parser() -> argparse.ArgumentParser:
    """All commands and their words, from the table at the end of this module."""
    top = argparse.ArgumentParser(
        prog="bascule-lab",
        description="The sites and machines of a policy as real machines on this computer, to rehearse.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, (work, help_, words) in COMMANDS.items():
        sub = commands.add_parser(name, help=help_, description=help_)
        sub.add_argument("policy", metavar="POLICY", help="the policy's file; lab.yml beside it is read too")
        sub.set_defaults(work=work)
        for word, how in words:
            sub.add_argument(word, **how)
        if name == "demo":
            demo.add_to(sub)
    return top


def opened(args: argparse.Namespace) -> Lab:
    """The lab of the policy that was named."""
    policy = estate.load(Path(args.policy))
    return Lab(Host(), policy, State(policy.id))


def changing(work: Callable[..., None]) -> Callable[[argparse.Namespace], None]:
    """A command that changes a lab: as root, one at a time for each lab."""

    def locked(args: argparse.Namespace) -> None:
        require_root()
        lab = opened(args)
        with lab.host.lock(lab.lock_name()):
            work(lab, args)

    return locked


def up(args: argparse.Namespace) -> None:
    lab = opened(args)
    life.up(lab, fresh=args.fresh)
    compile_this = life.rehearsal_policy(lab)
    result = steer.status(lab) | {"compile": str(compile_this or lab.estate.policy)}
    if args.json:
        print(json.dumps(result, indent=1))
        return
    show(result)
    print(f"ssh_config  {result['ssh_config']}\nknown_hosts {result['known_hosts']}")
    if compile_this:
        print(f"policy with the lab's addresses, to be compiled: {compile_this}")


def status(args: argparse.Namespace) -> None:
    require_root()
    result = steer.status(opened(args))
    if args.json:
        print(json.dumps(result, indent=1))
    else:
        show(result)


def show(result: dict[str, Any]) -> None:
    """Print a lab's status as a table."""
    condition, guard = "up" if result["up"] else "not up", "in place" if result["guard"] else "absent"
    print(f"lab {result['lab']}: {condition}, guard {guard}")
    for name, row in result["machines"].items():
        cable = "" if row["cable"] == "in" else f"cable {row['cable']}"
        instance = " ".join(row[key] for key in ("instance", "public") if row.get(key))
        state = "not made" if row["state"] == "missing" and "instance" in row else row["state"]
        print(f"  {name:20} {row['site']:12} {row['address']:15} {state:8} {cable:9} {instance}".rstrip())
    for one, other in result["cuts"]:
        print(f"  {one} does not reach {other}")


def instance(args: argparse.Namespace) -> None:
    """One command of the life of an instance; prints JSON."""
    require_root()
    lab = opened(args)
    if args.action == "create" and not (args.name and args.address and args.user_data):
        raise LabError("To create an instance say --name, --address and --user-data.", USAGE)
    if not (args.name if args.action == "address" else args.instance):
        raise LabError("Say which instance: --instance ID (for its address: --name MACHINE).", USAGE)
    with lab.host.lock(lab.lock_name()):
        there = steer.require_up(lab)
        if args.action == "create":
            given = args.instance, args.name, args.address, Path(args.user_data)
            made = instances.create(lab, there, *given, public=args.public)
            print(json.dumps({"public": made or None}))
        elif args.action == "address":
            print(json.dumps({"public": instances.address(lab, args.name)}))
        else:
            print(json.dumps({"state": INSTANCE[args.action](lab, there, args.instance)}))


def ssh(args: argparse.Namespace) -> None:
    steer.ssh(opened(args), args.name, args.command)


def execute(args: argparse.Namespace) -> None:
    require_root()
    if not args.command:
        raise LabError("Say which command: bascule-lab exec POLICY MACHINE CMD", USAGE)
    steer.execute(opened(args), args.name, args.command, sys.stdin.isatty() and sys.stdout.isatty())


def env(args: argparse.Namespace) -> None:
    lab = opened(args)
    values = keys.environment(lab.estate, lab.state)
    if args.json:
        print(json.dumps(values, indent=1))
        return
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")


def down(args: argparse.Namespace) -> None:
    path = Path(args.policy)
    identity = estate.identity(path) if path.exists() or path.suffix or "/" in args.policy else args.policy
    takedown.down(Host(), identity, State(identity), with_images=args.image)


Word = tuple[str, dict[str, Any]]
PLACE: Word = ("name", {"metavar": "SITE|MACHINE"})
MACHINE: Word = ("name", {"metavar": "MACHINE"})
WORDS: Word = ("command", {"metavar": "CMD", "nargs": argparse.REMAINDER})
JSON: Word = ("--json", {"action": "store_true", "help": "print the result as JSON"})


def flag(name: str, help_: str) -> Word:
    """An option that is there or not."""
    return name, {"action": "store_true", "help": help_}


INSTANCE = {
    "stop": instances.stop,
    "start": instances.start,
    "terminate": instances.terminate,
    "state": instances.state,
}
COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int | None], str, tuple[Word, ...]]] = {
    "up": (
        up,
        "bring all sites and machines up; what runs stays as it is",
        (flag("--fresh", "throw the lab's machines away first"), JSON),
    ),
    "status": (status, "what is up, cut and unplugged", (JSON,)),
    "kill": (
        changing(lambda lab, args: steer.kill(lab, args.name)),
        "a site or a machine dies at one instant",
        (PLACE,),
    ),
    "start": (
        changing(lambda lab, args: steer.start(lab, args.name, unplugged=args.unplugged)),
        "a site or a machine comes back with its disks",
        (PLACE, flag("--unplugged", "leave the network cables as they are")),
    ),
    "pause": (
        changing(lambda lab, args: steer.pause(lab, args.name, hang=True)),
        "a site or a machine hangs: it takes connections and says nothing",
        (PLACE,),
    ),
    "resume": (
        changing(lambda lab, args: steer.pause(lab, args.name, hang=False)),
        "what hangs goes on as if nothing had been",
        (PLACE,),
    ),
    "replace": (
        changing(lambda lab, args: steer.replace(
            lab, args.name, new_host_key=args.new_host_key, seed=args.seed, suite=args.suite)),
        "an empty machine at the place of a machine",
        (
            MACHINE,
            flag("--new-host-key", "give it another ssh host key (known_hosts changes)"),
            flag("--seed", "run the scripts that lab.yml has for it"),
            ("--suite", {"choices": tuple(image.POSTGRESQL), "default": image.SUITE, "help": "its Debian release"}),
        ),
    ),
    "cut": (
        changing(lambda lab, args: steer.cut(lab, args.one, args.other, one_way=args.one_way)),
        "two sites lose each other",
        (
            ("one", {"metavar": "SITE"}),
            ("other", {"metavar": "SITE"}),
            flag("--one-way", "only what the first sends to the second is lost"),
        ),
    ),
    "heal": (changing(lambda lab, args: steer.heal(lab)), "all sites reach each other again", ()),
    "unplug": (changing(lambda lab, args: steer.plug(lab, args.name, "down")), "pull network cables out", (PLACE,)),
    "plug": (changing(lambda lab, args: steer.plug(lab, args.name, "up")), "put network cables in", (PLACE,)),
    "instance": (
        instance,
        "make, stop, start or terminate a machine of a site in a cloud; prints JSON",
        (
            ("action", {"choices": ("create", "address", *INSTANCE)}),
            ("--instance", {"metavar": "ID", "help": "its identity, such as i-0123456789abcdef0"}),
            ("--name", {"help": "create, address: the machine of the policy that it is"}),
            ("--address", {"help": "create: its private address, which must be the plan's"}),
            flag("--public", "create: give it a public address too"),
            ("--user-data", {"metavar": "FILE", "help": "create: what cloud-init reads"}),
        ),
    ),
    "ssh": (ssh, "ssh to a machine as the policy's user", (MACHINE, WORDS)),
    "exec": (execute, "run a command on a machine's console, as root, network or not", (MACHINE, WORDS)),
    "env": (env, "print the rehearsal's secrets as `export NAME=value` lines", (JSON,)),
    "demo": (demo.demonstrate, "lose the primary site of a firm and bring the firm back, from nothing to nothing", ()),
    "down": (
        down,
        "remove the lab (POLICY may also be the lab's id)",
        (flag("--image", "remove the machine images too"),),
    ),
}
