"""Chains that mark packets: with the first user-defined route, peering or machine that forwards, and back when taken away."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from fabric_world import World, base, endpoint, machine, vnet

from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux import rtnetlink as rt
from cloister.drivers.linux import rulesets
from cloister.net.desired import Appliance, FabricObject, Nic, NicRoutes, PeerLink

ROUTES = NicRoutes(owner="t", namespace="vnet-1", number=1, routes=(("10.9.0.0/16", "drop", ""),), overridden=("10.0.0.5",))
LINK = PeerLink(owner="p", namespace="vnet-1", other="vnet-2")
APPLIANCE = Appliance(owner="a", namespace="vnet-1", address="10.0.0.4", number=1)


def forwarding() -> Nic:
    """Another machine, which forwards."""
    return msgspec.structs.replace(machine(2, "vnet-1", "10.0.0.7")[1], forwarding=True)  # type: ignore[return-value]


@pytest.fixture
def plain(world: World) -> World:
    """Two networks, one with machines and an endpoint."""
    world.put(*base(), *vnet(1), *vnet(2, prefix="10.1.0.0/24"), *machine(1, "vnet-1", "10.0.0.4"), *endpoint(7, 1, "10.0.0.5"))
    world.put(machine(2, "vnet-1", "10.0.0.7")[0])
    world.edge()
    return world


def marks(world: World) -> tuple[set[str], list[int]]:
    """Which of the marking chains vnet-1 has, and when it asks the table ``local``."""
    table = nft.read_table(world.filter("vnet-1"))
    assert table is not None
    found = {nft.read_text(chain[0]) for chain in table.chains} & {chain.name for chain in rulesets.MARKING}
    return found, [rule.priority for rule in rt.rules(world.route("vnet-1")) if rule.table == rt.LOCAL]


@pytest.mark.parametrize(
    ("first", "priority"), [(ROUTES, rt.LOCAL_PRIORITY), (APPLIANCE, rt.LOCAL_PRIORITY), (LINK, 0), (forwarding(), 0)]
)
def test_they_come_with_what_needs_them_and_no_connection_ends(plain: World, first: FabricObject, priority: int) -> None:
    client = plain.connect("machine-1", "10.0.0.5")
    assert client.recv(100) == b"you are 100.64.0.7\n"
    assert marks(plain) == (set(), [0])
    plain.put(first)
    assert marks(plain) == ({chain.name for chain in rulesets.MARKING}, [priority])
    assert plain.observe() == plain.wanted()
    if first is not ROUTES:  # they lead this connection away
        client.sendall(b"still here\n")
        assert client.recv(100) == b"still here\n"
    plain.put(*plain.desired.values())
    plain.drop(first)
    assert plain.observe() == plain.wanted()


def delete_marking(world: World) -> None:
    for chain in ("routed", "unmarked"):
        gone = [nft.chain_flush(chain), nft.chain_delete(chain)]
        assert world.filter("vnet-1").transact(gone) == {}


def delete_half(world: World) -> None:
    assert world.filter("vnet-1").transact([nft.chain_flush("routed"), nft.chain_delete("routed")]) == {}


def delete_table(world: World) -> None:
    assert world.filter("vnet-1").transact([nft.table_delete()]) == {}


def local_first(world: World) -> None:
    assert world.route("vnet-1").send([rt.rule_add(0, rt.LOCAL)]) == {}


@pytest.mark.parametrize("damage", [delete_marking, delete_half, delete_table, local_first])
@pytest.mark.parametrize("what", [(ROUTES,), (LINK,), (forwarding(),), (ROUTES, LINK, forwarding(), APPLIANCE)])
def test_what_somebody_took_away_is_put_back(
    plain: World, what: tuple[FabricObject, ...], damage: Callable[[World], None]
) -> None:
    plain.put(*what)
    damage(plain)
    assert plain.observe() != plain.wanted()
    plain.mend()
    plain.mend()
    assert plain.observe() == plain.wanted()
    assert marks(plain)[0] == {chain.name for chain in rulesets.MARKING}
