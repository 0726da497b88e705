# SPDX-License-Identifier: Apache-2.0
"""Copies of a guest, on a double of a host: made, looked at, laid down again, brought home; and never started twice."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypervisor_double import XML, Host

from bascule_runtime import agent, forward, guest, point, release
from bascule_runtime.hypervisor import TroubleError, Wanted, adapter, chain, domain, guard, images, laying, standing
from bascule_runtime.hypervisor import point as points

LEVEL = {"memory_bytes": 1 << 30, "vcpus": 1}


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path / "host", monkeypatch)


def about_here(host: Host, **more: Any) -> dict[str, Any]:
    folder = str(host.images)
    return {"guest": "erp", "mapping": {"primary": {"networks": {"br0": "network:default"}, "pools": {folder: folder}}},
            "level": LEVEL, "addresses": {"old": "10.0.1.21", "new": "10.0.2.21"}, "prefix": 24, "gateway": "10.0.2.1",
            "cpu": "maximum", "accel": "tcg", **more}  # fmt: skip


def wanted(**more: Any) -> Wanted:
    facts: dict[str, Any] = {
        "files": {"/srv/erp.qcow2": "/new/vda", "/srv/vmlinuz": "/new/vmlinuz"}, "networks": {"br0": "br1"},
        "address": ("10.0.1.21", "10.0.2.21"), "prefix": 25, "gateway": "10.0.2.1", "memory_bytes": 1 << 30,
        "vcpus": 1, "cpu": "maximum", "accel": "tcg"}  # fmt: skip
    return Wanted(**{**facts, **more})


def test_definition_fits_the_other_host() -> None:
    text = domain.adapted(XML.format(name="erp", folder="/srv", mac="01"), wanted())
    holds = domain.holds(text)
    assert (holds.networks, holds.cpu, holds.hardware) == (("br1",), "maximum", ("52:54:00:00:00:01",))
    assert [disk.file for disk in holds.disks] == ["/new/vda"]
    assert holds.files == {"kernel": "/new/vmlinuz"}
    assert "ip=10.0.2.21::10.0.2.1:255.255.255.128:erp:eth0:off quiet" in text
    assert "type=\"qemu\"" in text
    assert "6b8c2b5e" in text
    for gone in ("alias", "backingStore", "vnet0", "id=\"3\"", "524288", "host-passthrough"):
        assert gone not in text


def test_address_that_is_kept_stays() -> None:
    text = domain.adapted(XML.format(name="erp", folder="/srv", mac="01"), wanted(address=None, cpu=None, vcpus=None))
    assert "ip=10.0.1.21::10.0.1.1:255.255.255.0" in text
    assert domain.holds(text).cpu == "host-passthrough"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"networks": {}}, "A network of the guest is br0 at the other host"),
        ({"files": {}}, "The disk vda is /srv/erp.qcow2 at the other host"),
    ],
)
def test_what_has_no_counterpart_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(TroubleError, match=said):
        domain.adapted(XML.format(name="erp", folder="/srv", mac="01"), wanted(**change))


def test_disk_that_is_no_file_is_refused() -> None:
    text = XML.format(name="erp", folder="/srv", mac="01").replace("<disk type='file' device='disk'>",
                                                                   "<disk type='block' device='disk'>")
    with pytest.raises(TroubleError, match=r"vda of erp is no file \(block\)"):
        domain.holds(text)


def test_unknown_hypervisor() -> None:
    with pytest.raises(TroubleError, match="There is: libvirt"):
        adapter("proxmox")


def test_copy_of_a_snapshot_and_back(host: Host) -> None:
    host.guest()
    facts = point.make(host.point())
    assert facts["result"] == "ok", facts
    assert (facts["consistent"], facts["how"]) == ("agent", "image")
    assert ".bascule-point" not in host.read()["guests"]["erp"]["xml"], "the guest goes on in its own disk"
    assert not list(host.images.glob("*.bascule-point"))
    laid = laying.lay(adapter("libvirt"), host.about(), facts["snapshot"], host.about()["target"], 60)
    assert [disk["image"] for disk in laid["disks"]] == ["vda"]
    assert json.loads(Path(host.about()["target"], "vda").read_text())["data"] == "one."
    assert Path(host.about()["target"], laid["files"]["kernel"]).read_text() == "kernel"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"agent": False}, "does not answer"), ({"agent": None}, "erp has no agent"),
        ({"frozen_fails": True}, "held still"),
    ],
)
def test_guest_that_does_not_hold_still_is_copied_all_the_same(host: Host, change: dict[str, Any], said: str) -> None:
    host.guest()
    host.tell("erp", **change)
    facts = point.make(host.point())
    assert (facts["result"], facts["consistent"]) == ("ok", "crash")
    assert said in facts["why"]


def test_snapshot_that_a_killed_copy_left_is_ended_first(host: Host) -> None:
    host.guest()
    adapter("libvirt").snapshot("erp", points.SUFFIX)
    layer = host.images / "erp.qcow2.bascule-point"
    layer.write_text(json.dumps({"data": "two.", "below": str(host.images / "erp.qcow2")}))
    facts = point.make(host.point())
    assert (facts["result"], facts["tidied"]) == ("ok", True)
    assert json.loads((host.images / "erp.qcow2").read_text())["data"] == "one.two."
    assert not layer.exists()


def test_guest_that_is_off_or_gone(host: Host) -> None:
    host.guest(state="shut off")
    assert point.make(host.point("changed-blocks"))["consistent"] == "off"
    host.change(guests={})
    facts = point.make(host.point())
    assert facts["result"] == "failed"
    assert "erp is absent on this host" in facts["message"]
    assert facts["ok_at"], "the last good one stays known"


def test_copy_that_does_not_arrive_leaves_the_guest_as_it_was(host: Host) -> None:
    host.guest()
    (host.root / "unreachable").touch()
    assert point.make(host.point())["result"] == "failed"
    assert ".bascule-point" not in host.read()["guests"]["erp"]["xml"]


def test_full_pool_is_said_before_a_snapshot(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.guest()
    monkeypatch.setattr(points, "LEAST_ROOM", 1 << 60)
    facts = point.make(host.point())
    assert facts["result"] == "failed"
    assert "Make room there" in facts["message"]


def chains(host: Host) -> list[str]:
    return sorted(path.name for path in (host.root / "chains").iterdir())


def test_changed_blocks_follow_each_other(host: Host) -> None:
    host.guest()
    first = point.make(host.point("changed-blocks"))
    host.writes("two.")
    second = point.make(host.point("changed-blocks"))
    assert (first["level"], second["level"], second["mended"]) == ("full", "inc", "")
    folder = host.root / "chains" / chains(host)[0]
    assert chain.gone_wrong(str(folder), deep=True) == []
    assert not list(folder.glob("vmlinuz*")), "the kernel is kept once, with the definition"
    laid = laying.lay(adapter("libvirt"), host.about(), second["snapshot"], host.about()["target"], 60)
    assert laid["how"] == "changed-blocks"
    assert json.loads(Path(host.about()["target"], "vda").read_text())["data"] == "one.two."


def test_chain_is_begun_anew_after_a_crash(host: Host) -> None:
    host.guest()
    point.make(host.point("changed-blocks"))
    before = chains(host)
    # libvirt still lists the checkpoint; what QEMU noted is gone.
    host.tell("erp", bitmaps=[])
    facts = point.make(host.point("changed-blocks"))
    assert (facts["result"], facts["level"]) == ("ok", "full")
    assert "missing or broken bitmap" in facts["mended"]
    assert len(host.read()["guests"]["erp"]["checkpoints"]) == 1
    assert len(chains(host)) == 1
    assert chains(host) != before, "the broken chain is in the repository, and not here"


def test_chain_is_begun_anew_when_it_is_old_or_not_whole(host: Host) -> None:
    host.guest()
    point.make(host.point("changed-blocks"))
    assert point.make(host.point("changed-blocks", full_every_s=0))["level"] == "full"
    (host.root / "chains" / chains(host)[0] / "vda.inc.partial").write_text("cut off")
    facts = point.make(host.point("changed-blocks"))
    assert (facts["level"], facts["mended"]) == ("full", "vda.inc.partial belongs to no link")


def test_chain_is_begun_anew_when_somebody_wrote_into_it(host: Host) -> None:
    host.guest()
    point.make(host.point("changed-blocks"))
    # As many bytes as before: neither the tool nor a look at sizes sees it, and restic would send it.
    (host.root / "chains" / chains(host)[0] / "vda.full.data").write_text("0ne.")
    facts = point.make(host.point("changed-blocks"))
    assert (facts["level"], facts["mended"]) == ("full", "vda.full.data was changed after it was written")
    laid = laying.lay(adapter("libvirt"), host.about(), facts["snapshot"], host.about()["target"], 60)
    assert laid["how"] == "changed-blocks"


def damage(folder: Path, how: str) -> None:
    if how == "flipped":
        (folder / "vda.full.data").write_text("0ne.")
    elif how == "missing":
        next(folder.glob("vda.inc.*.data")).unlink()
    else:
        (folder / chain.NAME).unlink()


@pytest.mark.parametrize(
    ("how", "said"),
    [("flipped", "changed after it was written"), ("missing", "is missing"), ("unvouched", "there is no manifest")],
)
def test_damaged_chain_is_never_put_together(host: Host, how: str, said: str) -> None:
    host.guest()
    point.make(host.point("changed-blocks"))
    host.writes("two.")
    facts = point.make(host.point("changed-blocks"))
    stored = host.root / "repository" / facts["snapshot"] / str(host.root).lstrip("/") / "chains"
    damage(next(stored.iterdir()), how)
    with pytest.raises(laying.DamagedError, match=said):
        laying.lay(adapter("libvirt"), host.about(), facts["snapshot"], host.about()["target"], 60)
    assert not Path(host.about()["target"]).exists()
    assert not Path(host.about()["target"] + ".new").exists()


def test_damaged_copy_replaces_nothing(host: Host) -> None:
    host.guest()
    good, bad = point.make(host.point()), point.make(host.point())
    laying.lay(adapter("libvirt"), host.about(), good["snapshot"], host.about()["target"], 60)
    (host.root / "repository" / bad["snapshot"] / "rotten").touch()
    with pytest.raises(laying.DamagedError, match="cannot be read back whole"):
        laying.lay(adapter("libvirt"), host.about(), bad["snapshot"], host.about()["target"], 60)
    assert (laying.laid_at(host.about()["target"]) or {})["id"] == good["snapshot"]


def test_new_copies_are_read_back_and_damage_is_found_before_it_is_needed(host: Host) -> None:
    host.guest()
    settings = {**host.about(), "state": str(host.root / "forward.json"), "keep": True}
    assert forward.roll(settings)["newest"] is None
    good = point.make(host.point())
    assert forward.roll(settings)["verified"] == [good["snapshot"]]
    host.writes("rotten")
    bad = point.make(host.point())
    said = forward.roll(settings)
    assert (said["result"], list(said["damaged"])) == ("damaged", [bad["snapshot"]])
    assert (laying.laid_at(settings["target"]) or {})["id"] == good["snapshot"], "the ready image stays the good one"


def test_images_are_kept_only_where_an_instant_start_is_wanted(host: Host) -> None:
    host.guest()
    made = point.make(host.point())
    settings = {**host.about(), "state": str(host.root / "forward.json"), "keep": False}
    said = forward.roll(settings)
    agent.write_state(settings["state"], said)
    assert said["verified"] == [made["snapshot"]]
    assert not Path(settings["target"]).exists()
    assert forward.roll(settings)["verified"] == [made["snapshot"]], "it is not read a second time"


def stood(host: Host) -> None:
    """A copy was made, the guest's host is lost, and the guest stands on this one."""
    host.guest()
    facts = point.make(host.point())
    host.change(guests={})
    laying.lay(adapter("libvirt"), host.about(), facts["snapshot"], host.about()["target"], 60)
    standing.stand(adapter("libvirt"), host.about()["target"], about_here(host))


def test_guest_stands_on_a_layer_over_its_images(host: Host) -> None:
    stood(host)
    holds = domain.holds(host.read()["guests"]["erp"]["xml"])
    target = Path(host.about()["target"])
    assert [disk.file for disk in holds.disks] == [str(target / "run-vda.qcow2")]
    assert json.loads((target / "run-vda.qcow2").read_text())["below"] == str(target / "vda")
    assert holds.networks == ("network:default",)
    assert host.read()["guests"]["erp"]["autostart"] is False
    (target / "run-vda.qcow2").write_text(json.dumps({"data": "three.", "below": "vda"}))
    standing.commit(str(target), 60)
    assert json.loads((target / "vda").read_text())["data"] == "one.three."
    assert (laying.laid_at(str(target)) or {})["id"] is None, "nobody takes it for the copy that it was"


def test_guest_that_runs_here_already_is_not_laid_under(host: Host) -> None:
    stood(host)
    adapter("libvirt").start("erp", 5)
    with pytest.raises(TroubleError, match="runs on this host already"):
        standing.stand(adapter("libvirt"), host.about()["target"], about_here(host))


def test_image_that_comes_home_takes_the_place_of_the_old_one(host: Host) -> None:
    stood(host)
    host.guest(state="shut off", data="old.")
    said = standing.settle(adapter("libvirt"), host.about()["target"], about_here(host))
    assert said == {"old": [str(host.images / "erp.qcow2.bascule-old")]}
    assert json.loads((host.images / "erp.qcow2").read_text())["data"] == "one."
    assert json.loads((host.images / "erp.qcow2.bascule-old").read_text())["data"] == "old."
    assert not Path(host.about()["target"]).exists()


def test_guest_comes_home_to_an_empty_host(host: Host) -> None:
    stood(host)
    host.change(guests={})
    assert standing.settle(adapter("libvirt"), host.about()["target"], about_here(host)) == {"old": []}
    assert "erp" in host.read()["guests"]


def test_own_image_is_laid_where_the_other_one_comes(host: Host) -> None:
    stood(host)
    laid = laying.laid_at(host.about()["target"])
    host.guest(state="shut off", data="old.")
    home = str(host.images / "home")
    assert standing.seed(adapter("libvirt"), "erp", home, laid or {}) == 1
    assert json.loads(Path(home, "vda").read_text())["data"] == "old."
    assert standing.seed(adapter("libvirt"), "erp", home, laid or {}) == 0
    assert (host.images / "erp.qcow2").exists()


@pytest.mark.parametrize(
    ("change", "here", "said"),
    [
        ({}, {"networks": {"br0": "network:office"}, "pools": {}}, "no network network:office"),
        ({}, {"networks": {}, "pools": {}}, "not among the networks"),
        ({}, {"networks": {"br0": "network:default"}, "pools": {}}, "lies in no folder of images"),
        ({}, {"cpu": "host-passthrough"}, "cannot show guests the processor host-passthrough"),
        ({"guests": {"erp": {"state": "shut off", "xml": ""}}}, {}, "a guest erp on this host that is not ours"),
        ({"answers": ["10.0.2.21"]}, {}, "answers at 10.0.2.21 already"),
        ({"memory_kib": 1024}, {}, "The guest needs 1.0 GiB of memory, this host has 0.0"),
    ],
)
def test_what_stands_in_the_way_is_said(host: Host, change: Any, here: Any, said: str) -> None:
    host.guest()
    holds = standing.described(adapter("libvirt"), "erp", "primary")
    host.change(guests={}, **change) if "guests" not in change else host.change(**change)
    mapped = {"mapping": {"primary": here}} if "networks" in here else here
    found = standing.problems(adapter("libvirt"), holds, about_here(host, **mapped))
    assert any(said in sentence for sentence in found), found


def test_nothing_stands_in_the_way(host: Host) -> None:
    host.guest()
    holds = standing.described(adapter("libvirt"), "erp", "primary")
    host.change(guests={})
    assert standing.problems(adapter("libvirt"), holds, about_here(host)) == []
    host.guest(name="other", mac="01")
    found = standing.problems(adapter("libvirt"), holds, about_here(host))
    assert found == ["The guest other on this host has the hardware address 52:54:00:00:00:01 too."]


def test_guest_that_hears_no_button_is_cut_off_or_left(host: Host) -> None:
    host.guest()
    host.tell("erp", hears=False)
    with pytest.raises(TroubleError, match="does not shut down within 0 s"):
        adapter("libvirt").stop("erp", 0, force=False)
    assert adapter("libvirt").stop("erp", 0, force=True) == "cut off"
    assert adapter("libvirt").stop("erp", 0, force=True) == "off already"


def asked_by_libvirt(root: Path, name: str, operation: str) -> subprocess.CompletedProcess[str]:
    text = guard.TEXT
    for folder in (guard.GUARDED, guard.RELEASED):
        text = text.replace(folder, f"{root}{folder}")
    (root / "hook").write_text(text)
    argv = ["sh", str(root / "hook"), name, operation, "begin", "-"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)


def test_hook_refuses_a_guest_that_was_not_released(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert guard.lay(root)
    assert not guard.lay(root)
    assert asked_by_libvirt(tmp_path, "erp", "prepare").returncode == 0, "nobody guards it"
    guard.guard("erp", "p erp", root)
    for operation in ("prepare", "migrate", "restore"):
        refused = asked_by_libvirt(tmp_path, "erp", operation)
        assert refused.returncode == 1
        assert "was not released to run on this host" in refused.stderr
    for operation in ("start", "started", "stopped", "release", "reconnect"):
        assert asked_by_libvirt(tmp_path, "erp", operation).returncode == 0, "guests that run are left alone"
    assert guard.release("erp", root)
    assert asked_by_libvirt(tmp_path, "erp", "prepare").returncode == 0
    assert guard.RELEASED.startswith("/run/"), "a boot takes it away"
    guard.retain("erp", root)
    assert asked_by_libvirt(tmp_path, "erp", "prepare").returncode == 1
    guard.free("erp", root)
    assert not Path(f"{root}{guard.HOOKS}/qemu").exists()


def test_hook_of_the_firm_stays(tmp_path: Path) -> None:
    own = tmp_path / guard.HOOKS.lstrip("/") / "qemu"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\n")
    assert guard.lay(str(tmp_path))
    assert own.read_text() == "#!/bin/sh\n"
    assert (own.parent / "qemu.d" / "bascule").is_file()


@pytest.mark.parametrize("name", ["../erp", "a b", "", "-x", "erp\n"])
def test_name_that_leads_elsewhere_is_not_guarded(name: str, tmp_path: Path) -> None:
    with pytest.raises(TroubleError, match="no name"):
        guard.guard(name, "p", str(tmp_path))


@pytest.mark.parametrize(
    ("state", "reached", "allowed"),
    [
        ({"serving": "primary"}, True, True),
        ({"serving": "primary"}, False, False),
        ({"serving": "standby"}, True, False),
        ({"serving": "primary", "demoted": "r1"}, True, False),
        ({}, True, False),
    ],
)
def test_guest_is_released_after_a_boot_when_the_other_side_says_so(
    tmp_path: Path, state: dict[str, Any], reached: bool, allowed: bool
) -> None:
    (tmp_path / "state.json").write_text(json.dumps(state))
    asks = ["true" if reached else "false"]
    settings = {"serves": str(tmp_path / "state.json"), "side": "primary", "asks": asks, "limit_s": 0.001}
    assert release.may(settings)[0] is allowed


def test_requests_are_answered_or_refused_in_one_sentence(host: Host) -> None:
    host.guest()
    look = guest.answer(host.about(), {"do": "look"})["ok"]
    assert (look["state"], look["agent"], look["laid"]) == ("running", "", None)
    assert guest.answer(host.about(), {"do": "describe"})["ok"]["networks"] == ["br0"]
    host.change(refuses={"start": "Hook script execution failed: erp is protected"})
    host.tell("erp", state="shut off")
    told = guest.answer(host.about(), {"do": "start", "limit_s": 5})
    assert told == {"trouble": "erp does not start: Hook script execution failed: erp is protected.", "damaged": False}
    told = guest.answer(host.about(), {"do": "lay", "point": "00000009", "limit_s": 5})
    assert told["damaged"] is False or "read back" in told["trouble"]


def test_guest_is_forgotten_and_its_own_disks_stay(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "free", lambda name: None)
    host.guest()
    point.make(host.point("changed-blocks"))
    said = guest.answer(host.about(), {"do": "forget", "undefine": False})["ok"]
    assert said == {"removed": [host.about()["staging"], host.about()["chains"]], "stays": None}
    assert (host.images / "erp.qcow2").exists()
    assert host.read()["guests"]["erp"]["checkpoints"] == []


def test_what_a_recovery_laid_goes_and_what_came_home_to_an_empty_host_stays(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "free", lambda name: None)
    stood(host)
    said = guest.answer(host.about(), {"do": "forget", "undefine": False})["ok"]
    assert said["stays"] == host.about()["target"]
    assert Path(host.about()["target"], "vda").exists(), "the guest runs from it"
    said = guest.answer(host.about(), {"do": "forget", "undefine": True})["ok"]
    assert host.about()["target"] in said["removed"]
    assert "erp" not in host.read()["guests"]


def test_notes_of_the_other_hosts_libvirt_do_not_come_along(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    image = tmp_path / "images/vda"
    image.write_bytes(b"disk")
    try:
        os.setxattr(image, "user.libvirt.security.ref_dac", b"1")
        os.setxattr(image, "user.of-the-firm", b"stays")
    except OSError:
        pytest.skip("this file system keeps no extended attributes")
    images.forget_labels(str(tmp_path))
    assert os.listxattr(image) == ["user.of-the-firm"]


def test_looking_through_an_image_that_is_interrupted_says_nothing_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "qemu-img").write_text("#!/bin/sh\nkill -TERM $$\n")
    (tmp_path / "qemu-img").chmod(0o755)
    monkeypatch.setitem(agent.ENVIRONMENT, "PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(TroubleError, match="could not be looked through to its end"):
        images.damage(str(tmp_path / "vda"))
