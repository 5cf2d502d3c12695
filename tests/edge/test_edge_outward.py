"""The way out to the real internet: what the operator's list means, and which addresses are never called."""

from __future__ import annotations

import asyncio
import socket

import pytest

from cloister.net import allowed, plan
from cloister.net.desired import Outlet
from cloister.services.edge.outward import Outward, host_of, may_be_called

LOOPBACK = "127.77.0.9"


def test_a_list_is_names_each_with_an_address():
    found = allowed.read(["pypi.org", "*.Ubuntu.com.", "here.test=127.0.0.1, 10.0.0.1", "pypi.org"])
    assert [one.name for one in found] == ["pypi.org", "*.ubuntu.com", "here.test"]
    assert [one.address for one in found] == ["198.19.127.1", "198.19.127.2", "198.19.127.3"]
    assert found[2].pins == ("127.0.0.1", "10.0.0.1")


WRONG = ("", "*", "*.org", "org", "a..b", "-a.org", "http://a.org", "a.org:443", "1.2.3.4", "a.org=", "a.org=x", "a.*.org")


@pytest.mark.parametrize("entry", WRONG)
def test_what_is_no_entry_is_refused(entry):
    with pytest.raises(ValueError, match="cannot allow egress to"):
        allowed.read([entry])


def test_no_more_names_than_addresses():
    assert len(allowed.read(f"n{number}.test" for number in range(allowed.NAMES_MAX))) == 254
    with pytest.raises(ValueError, match="more than 254"):
        allowed.read(f"n{number}.test" for number in range(allowed.NAMES_MAX + 1))


def test_a_star_is_one_label():
    assert allowed.covers("*.ubuntu.com", "archive.ubuntu.com")
    for name in ("ubuntu.com", "us.archive.ubuntu.com", "ubuntu.com.evil.test", "xubuntu.com", ""):
        assert not allowed.covers("*.ubuntu.com", name)


def own_addresses() -> list[str]:
    """This computer's address toward others, if it has any."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [asking.getsockname()[0]]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", LOOPBACK, "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "198.18.0.4", "198.19.0.4", "168.63.129.16", "192.0.2.1", "::1", "x", *own_addresses(),
    ],
)  # fmt: skip
def test_what_is_not_global_is_never_called(address):
    assert not may_be_called(address)


def test_a_global_address_may_be_called():
    assert may_be_called("93.184.215.14")


def outlet(name: str, *pins: str) -> Outlet:
    return Outlet(owner="", address=plan.allowed_address(1), name=name, pins=pins)


def test_a_name_that_its_owner_leads_here_is_refused():
    """DNS rebinding: what the lookup says is judged, and what is judged is called."""
    listening = socket.create_server((LOOPBACK, 0))
    port = listening.getsockname()[1]

    async def lies(name: str) -> list[str]:
        return [LOOPBACK, "10.0.0.1"]

    async def story():
        with pytest.raises(PermissionError, match="no global address"):
            await Outward(lies).call(outlet("rebound.test"), "rebound.test", port)
        with pytest.raises(PermissionError, match="is not"):
            await Outward(lies).call(outlet("rebound.test", LOOPBACK), "other.test", port)
        made = await Outward(lies).call(outlet("rebound.test", LOOPBACK), "rebound.test", port)  # the operator wrote it
        made.close()

    try:
        asyncio.run(story())
    finally:
        listening.close()


@pytest.mark.parametrize(
    ("head", "host"),
    [
        (b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test"),
        (b"GET / HTTP/1.1\r\nX: y\r\nhOST:  A.Test.:80 \r\n\r\nbody", "a.test"),
        (b"GET / HTTP/1.1\r\nHost: a.test\r\n", None),
        (b"GE", None),
        (b"GET / HTTP/1.0\r\n\r\n", ""),
        (b"GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n", ""),
        (b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", ""),
        (b"\x16\x03\x01", ""),
        (b"SSH-2.0-x\r\n", ""),
        (b"A" * 70000, ""),
    ],
)
def test_the_host_of_a_request(head, host):
    assert host_of(head) == host
