"""Settings of many namespaces: by a procfs of one's own and by the host's alike; namespaces that the keeper makes ahead."""

from __future__ import annotations

import os

import pytest
from fabric_world import World, needs_network_rights

from cloister.drivers.linux import settings
from cloister.drivers.linux.namespaces import Spaces
from cloister.keeper.client import enter_network
from cloister.keeper.kernel import in_thread, new_network

ASKED = ("ipv4/conf/all/rp_filter", "1")


@pytest.mark.parametrize("own", [True, False])
def test_each_namespace_has_its_own(own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_network_rights()
    if not own:
        monkeypatch.setattr(settings, "own_proc", _refused)
    monkeypatch.setattr(settings, "_NAMESPACES_PER_PROC", 3)
    held = [new_network() for _ in range(8)]

    def work() -> list[bool]:
        found = settings.Settings()
        for number in held[::2]:
            enter_network(number)
            found.write([ASKED, ("ipv4/conf/all/no_such_setting", "1")])
        told = []
        for number in held:
            enter_network(number)
            told.append(found.hold([ASKED, ("ipv4/conf/all/no_such_setting", "1")]))
        found.close()
        return told

    before = len(os.listdir("/proc/self/fd"))
    try:
        assert in_thread(work) == [True, False] * 4
        assert len(os.listdir("/proc/self/fd")) == before
    finally:
        for number in held:
            os.close(number)


def _refused() -> int:
    raise PermissionError(1, "as in a user namespace")


def test_what_was_made_ahead_is_taken_or_let_go(world: World) -> None:
    def work() -> tuple[list[bool], bool]:
        spaces = Spaces(world.keeper)
        spaces.make("a")
        with spaces.ahead(["a", "b", "c", "d"]):
            made = [spaces.make(name)[1] for name in ("b", "a", "c")]
        again = spaces.make("d")[1]
        spaces.close()
        return made, again

    before = len(os.listdir("/proc/self/fd"))
    assert world.on_thread(work)[0] == [True, False, True]
    assert len(os.listdir("/proc/self/fd")) == before
