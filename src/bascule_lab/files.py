# SPDX-License-Identifier: Apache-2.0
"""Files: what is laid into a machine before its first boot, and what the person's ssh needs. Pure."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from bascule_lab import hypervisors, zone
from bascule_lab.estate import Estate, Machine

HOST_KEY = "ssh_host_ed25519_key"


@dataclass(frozen=True)
class File:
    """Content and mode of a file to lay; with `link`, a symbolic link to there instead."""

    content: str
    mode: int = 0o644
    link: str = ""


def for_machine(
    estate: Estate, machine: Machine, host_key: tuple[str, str], authorised: list[str], key: zone.Key | None
) -> dict[str, File]:
    """Path (without the leading /) -> file, for one machine. `host_key` is its private and public half; `key` may
    change the zone and is laid only at the name server."""
    files = {
        f"etc/ssh/{HOST_KEY}": File(host_key[0], 0o600),
        f"etc/ssh/{HOST_KEY}.pub": File(host_key[1]),
        "etc/ssh/sshd_config.d/lab-port.conf": File(f"Port {machine.port}\n"),
        "root/.ssh/authorized_keys": File("".join(line + "\n" for line in authorised), 0o600),
        "etc/hosts": File(hosts(estate)),
    }
    if machine.bridges:
        files |= {path: File(text) for path, text in hypervisors.NO_KVM.items()}
    if not estate.dns:
        files["etc/resolv.conf"] = File("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    elif estate.dns.machine == machine.id and key:
        files |= for_name_server(estate, key)
    return files


def for_name_server(estate: Estate, key: zone.Key) -> dict[str, File]:
    """The files of the name server."""
    dns = estate.dns
    assert dns is not None
    machines = {machine.id: machine.address for machine in estate.machines.values()}
    return {
        "etc/bind/lab.key": File(zone.key_file(key), 0o640),
        "etc/bind/named.conf.options": File(zone.options()),
        "etc/bind/named.conf.local": File(zone.zones(dns.zone, key)),
        "etc/bind/named.conf.default-zones": File(""),
        "var/lib/bind/lab.zone": File(zone.zone_file(dns.zone, dns.machine, machines, dns.names, dns.ttl_s)),
    }


def hosts(estate: Estate) -> str:
    """/etc/hosts: every machine by its name and, with a name server, by its full name."""
    lines = ["127.0.0.1 localhost"]
    for machine in estate.machines.values():
        full = f"{machine.id}.{estate.dns.zone} " if estate.dns else ""
        lines.append(f"{machine.address} {full}{machine.id}")
    return "\n".join(lines) + "\n"


CLOUD_INIT = ("cloud-init-local", "cloud-init", "cloud-config", "cloud-final")
# What the image of a provider brings and this one does not have: no package `locales`, wires that are laid already.
CLOUD_SETTINGS = "locale: false\nmanage_etc_hosts: true\nnetwork: {config: disabled}\n"


def for_instance(identity: str, machine: Machine, user_data: str) -> dict[str, File]:
    """The files of a machine that sets itself up from its user data, as it would at a provider: it gets no key, user
    or name from the lab."""
    meta = {"instance-id": identity, "local-hostname": "ip-" + str(machine.address).replace(".", "-")}
    wants = "etc/systemd/system/cloud-init.target.wants"
    return {
        "etc/cloud/cloud.cfg.d/99-lab.cfg": File(CLOUD_SETTINGS),
        "var/lib/cloud/seed/nocloud/meta-data": File(json.dumps(meta) + "\n"),
        "var/lib/cloud/seed/nocloud/user-data": File(user_data, 0o600),
        **{f"{wants}/{unit}.service": File("", link=f"/lib/systemd/system/{unit}.service") for unit in CLOUD_INIT},
    }


def archive(files: Mapping[str, File]) -> bytes:
    """Files as a tar of root's, with no entry for any folder (one for `/` would change the mode of `/`)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, file in sorted(files.items()):
            content = file.content.encode()
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), file.mode
            if file.link:
                entry.type, entry.linkname = tarfile.SYMTYPE, file.link
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def known_hosts(estate: Estate, public: Mapping[str, str]) -> str:
    """The pinned host keys (machine -> public half) in the form of known_hosts."""
    lines = []
    for machine in estate.standing.values():  # instances make keys of their own, which nobody knows beforehand
        names = [machine.id, str(machine.address)]
        if estate.dns:
            names.append(f"{machine.id}.{estate.dns.zone}")
        if machine.port != 22:
            names = names[:1] + [f"[{name}]:{machine.port}" for name in names]
        lines.append(f"{','.join(names)} {' '.join(public[machine.id].split()[:2])}")
    return "\n".join(lines) + "\n"


def ssh_config(estate: Estate, identity: str, known: str, own: Mapping[str, str]) -> str:
    """An ssh_config that reaches each machine by its id, as the policy's user, with the lab's own key, or with that of
    `own` (machine -> file) where the lab's is not let in."""
    lines = [
        "Host *",
        f"  IdentityFile {quoted(identity)}",
        "  IdentitiesOnly yes",
        f"  UserKnownHostsFile {quoted(known)}",
        "  StrictHostKeyChecking yes",
        "  BatchMode yes",
        "  ConnectTimeout 3",
        "  ServerAliveInterval 1",
        "  ServerAliveCountMax 3",
        "  LogLevel ERROR",
    ]
    for machine in estate.machines.values():
        lines += [
            f"Host {machine.id}",
            f"  HostName {machine.address}",
            f"  HostKeyAlias {machine.id}",
            f"  User {machine.user}",
            f"  Port {machine.port}",
            *([f"  IdentityFile {quoted(own[machine.id])}"] if machine.id in own else []),
        ]
    return "\n".join(lines) + "\n"


def quoted(path: str) -> str:
    """A path as ssh_config takes it."""
    return f'"{path}"'
