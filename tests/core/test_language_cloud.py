# SPDX-License-Identifier: Apache-2.0
"""Rules of a site that is built, where the examples of findings are not enough: their borders, what they let pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from bascule.diagnostics import Findings, render
from bascule.language import load_text

ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "examples" / "atelier" / "policy-aws.yml").read_text(encoding="utf-8")
PUBLIC = (ROOT / "tests" / "policies" / "valid" / "cloud-public.yml").read_text(encoding="utf-8")

ALL_COLD = (ROOT / "tests" / "policies" / "valid" / "cloud.yml").read_text(encoding="utf-8")


def found(*changes: tuple[str, str], text: str = SAMPLE) -> tuple[str, ...]:
    """The codes that a policy gives after these changes of its text."""
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    try:
        return tuple(item.code for item in load_text(text).warnings)
    except Findings as wrong:
        return tuple(item.code for item in wrong.diagnostics)


def test_the_sample_is_fine() -> None:
    assert found() == found(text=PUBLIC) == ()


@pytest.mark.parametrize(
    ("network", "code"),
    [
        ("10.20.0.0/16", ()),
        ("10.20.0.0/27", ()),
        ("10.20.0.0/28", ("BC402",)),
        ("10.20.0.0/15", ("BC402",)),
        ("172.32.0.0/16", ("BC335", "BC402")),
        ("10.20.1.0/16", ("BC338",)),
        ("10.98.0.0/16", ("BC335", "BC423")),
        ("10.99.0.0/16", ("BC335", "BC336", "BC403")),  # the primary, and outside
    ],
)
def test_networks(network: str, code: tuple[str, ...]) -> None:
    assert set(found(("network: 10.20.0.0/16", f"network: {network}"))) == set(code)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.20.0.3", ("BC409",)),
        ("10.20.0.4", ()),
        ("10.20.15.254", ()),
        ("10.20.15.255", ("BC409",)),
        ("10.20.16.3", ("BC409",)),
        ("10.20.16.4", ()),
        ("10.20.32.0", ("BC409",)),
        ("10.21.0.4", ("BC335",)),
    ],
)
def test_addresses(address: str, code: tuple[str, ...]) -> None:
    assert found(("address: 10.20.0.13", f"address: {address}")) == code


@pytest.mark.parametrize(
    ("size", "code"),
    [("small", ()), ("t3a.nano", ()), ("r6i.4xlarge", ()), ("r6i.small", ("BC406",)), ("m7g.large", ("BC406",))],
)
def test_sizes(size: str, code: tuple[str, ...]) -> None:
    assert found(("app2: {size: small", f"app2: {{size: {size}")) == code


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("debian-13", ()),
        ("ami-0123456789abcdef0", ()),
        ("ami-01234567", ()),
        ("ami-0123", ("BC407",)),
        ("debian-11", ("BC407",)),
    ],
)
def test_images(image: str, code: tuple[str, ...]) -> None:
    assert found(("app2: {size: small, image: debian-12", f"app2: {{size: small, image: {image}")) == code


@pytest.mark.parametrize(
    ("disk", "code"),
    [("8GiB", ()), ("7GiB", ("BC408",)), ("16384GiB", ()), ("16385GiB", ("BC408",))],
)
def test_disks(disk: str, code: tuple[str, ...]) -> None:
    assert found(("disk: 40GiB", f"disk: {disk}")) == code


def test_a_disk_that_nobody_wrote_and_nobody_makes() -> None:
    assert found(("size: 100GiB", "size: 8TiB"), text=PUBLIC) == ("BC408",)
    assert found(("size: 100GiB", "size: 7TiB"), text=PUBLIC) == ()


COLD = (
    ("readiness: pilot\n", "readiness: cold\n"),
    ("      - {by: streaming}            # seconds of loss, ready at once\n", ""),
    ("standby-box: {at: standby, machine: files2}", "standby-box: {at: standby}"),
    ("target: {rto: 30m, rpo: 1m}", "target: {rto: 30m, rpo: 10m}"),
)
BUCKET = "    copies: {keep: 30d}            # a bucket for copies that nobody can delete early\n"


def test_a_cold_site_may_have_its_link_end_late() -> None:
    assert found(text=ALL_COLD) == ()
    assert "BC421" not in found(*COLD)
    # One machine that runs is enough: what comes to it comes through files2.
    running = ("db2: {size: small,", "db2: {size: small, readiness: warm,")
    assert "BC421" in found(*COLD, running)


def test_a_bucket_is_only_needed_by_what_is_cold() -> None:
    assert found((BUCKET, "")) == ()
    cold = ("web2: {size: small,", "web2: {size: small, readiness: cold,")
    # Its database has nowhere to go, whatever the bucket.
    assert set(found((BUCKET, ""), cold)) == {"BC412", "BC419"}
    assert set(found(cold)) == {"BC419", "BC420"}
    assert found((BUCKET, ""), ("app2: {size: small,", "app2: {size: small, readiness: cold,")) == ()


@pytest.mark.parametrize(
    ("tunnel", "codes"),
    [
        ("10.98.255.0/29", ()),
        ("10.98.255.0/30", ("BC424",)),  # two addresses for three ends
        ("10.98.255.4/29", ("BC338",)),
        ("10.99.1.128/28", ("BC423",)),
        ("10.99.3.0/24", ("BC423",)),  # outside is in it
        ("10.20.255.0/28", ("BC423",)),
    ],
)
def test_tunnels(tunnel: str, codes: tuple[str, ...]) -> None:
    at = "      key: {secret: link-standby}\n"
    assert found((at, f"{at}      tunnel: {tunnel}\n")) == codes


def test_what_is_proposed_is_free() -> None:
    text = SAMPLE.replace("network: 10.20.0.0/16", "network: 10.99.0.0/16").replace(", address: 10.20.0.13", "")
    with pytest.raises(Findings) as raised:
        load_text(text)
    proposed = "10.20.0.0/16"
    assert proposed in render(raised.value.diagnostics)
    assert found(("network: 10.99.0.0/16", f"network: {proposed}"), text=text) == ()


@pytest.mark.parametrize(
    ("admin", "codes"),
    [
        ("[]", ()),
        ("[203.0.113.7/32, 198.51.100.0/24]", ()),
        ("[0.0.0.0/0]", ("BC416",)),
        ("[0.0.0.0/1, 128.0.0.0/1]", ("BC416", "BC416")),
        ("[203.0.0.0/16]", ()),
        ("[203.0.0.0/15]", ("BC416",)),
        ("[203.0.113.7/24]", ("BC416",)),
        ("[203.0.113.7]", ("BC211",)),
        ('["::/0"]', ("BC211",)),
    ],
)
def test_callers(admin: str, codes: tuple[str, ...]) -> None:
    assert found(("admin: [203.0.113.7/32]", f"admin: {admin}")) == codes


def test_the_same_key_nowhere_else() -> None:
    assert found(
        ("link-outside}}", "link-office}}"), ("  link-outside: {file: ~/.config/bascule/link-outside.key}\n", "")
    ) == ("BC425",)
    assert found(("{secret: link-outside}}", "{secret: ssh-key}}")) == ("BC425", "BC306")


def test_an_observer_by_the_public_name_needs_no_link() -> None:
    third = ("connection:", "  third: {provider: hosts, machines: {outside: {address: 192.0.2.9}}}\nconnection:")
    assert found(third, ("observers: {bench2: {}}", "observers: {outside: {}}"), text=PUBLIC) == ()
    peer = "        outside: {key: {secret: link-outside}}    # any other only itself\n"
    secret = "  link-outside: {file: ~/.config/bascule/link-outside.key}\n"
    assert found((peer, ""), (secret, "")) == ("BC427",)


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        ("s3://atelier-state?region=eu-west-3", ()),
        ("s3://atelier-state?region=eu-west-1", ("BC442",)),
        ("s3://atelier-state?endpoint=files1:9000", ("BC442",)),
        ("s3://atelier-state/x?s3ForcePathStyle=true&endpoint=http://files1:9000", ("BC442",)),
        ("s3://atelier-state?flag&region", ()),
        ("s3://atelier-state?endpoint=10.99.1.200:9000", ("BC442",)),
        ("s3://atelier-state?endpoint=10.99.3.200:9000", ()),
        ("https://10.99.1.13/state", ("BC442",)),
        ("file:///srv/state", ()),
        ("ftp://somewhere/state", ("BC211",)),
        ("https://me:hunter2@states.example.net/x", ("BC211",)),
    ],
)
def test_states(url: str, codes: tuple[str, ...]) -> None:
    changes = (
        ("    network: 10.99.1.0/24\n", "    network: 10.99.1.0/24\n    region: eu-west-1\n"),
        ("url: file://~/.bascule/state ", f'url: "{url}" '),
    )
    assert found(*changes) == codes


def test_what_aws_is_told_has_limits() -> None:
    assert found(("id: atelier\n", f"id: {'a' * 40}\n")) == ()
    assert found(("id: atelier\n", f"id: {'a' * 41}\n")) == ("BC414",)
    many = ", ".join(f"k{i}: v" for i in range(41))
    assert found(("tags: {cost-centre: it}", f"tags: {{{many}}}")) == ("BC415",)
    assert found(("tags: {cost-centre: it}", "tags: {AWS:x: it}")) == ("BC415",)
    assert found(("tags: {cost-centre: it}", f"tags: {{k: {'v' * 257}}}")) == ("BC211",)


@pytest.mark.parametrize("budget", ["0", "-1"])
def test_budgets(budget: str) -> None:
    assert found(("budget: 120 ", f"budget: {budget} ")) == ("BC441",)
    assert found(("budget: 120 ", "budget: 0.5 ")) == ()


@pytest.mark.parametrize(
    "text",
    [
        (ROOT / "tests" / "golden" / "small" / "policy.yml").read_text(encoding="utf-8"),
        (ROOT / "examples" / "atelier" / "policy.yml").read_text(encoding="utf-8"),
    ],
)
def test_sites_that_exist_hear_nothing_of_this(text: str) -> None:
    assert not [code for code in found(text=text) if code.startswith("BC4")]
