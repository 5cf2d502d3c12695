"""Namespaces with their base: sysctls, ruleset, and the few addresses that belong to the role."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

from cloister.drivers.linux import expressions, objects, rulesets
from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux import rtnetlink as rt
from cloister.drivers.linux.namespaces import Missing, Space, Spaces
from cloister.drivers.linux.netlink import NETFILTER, Channel, Message, NetlinkError
from cloister.keeper.kernel import in_thread, unshare_network
from cloister.net import plan
from cloister.net.desired import Namespace


def put_namespace(spaces: Spaces, namespace: Namespace) -> None:
    """Make a namespace and its base, or mend it. Raises ValueError, NetlinkError, OSError, KeeperRefused."""
    if namespace.role not in rulesets.ROLES:
        raise ValueError(f"there is no role {namespace.role!r}")
    space, created = spaces.make(namespace.name)
    space.write_sysctls(rulesets.ROLES[namespace.role].sysctls)
    _put_rules(space, namespace, created)
    messages = [rt.link_up(rt.LOOPBACK), *_own_addresses(namespace.role)]
    if namespace.role == "vnet" and not created:
        messages += _asked_once(rt.rules(space.route))
    for error in space.route.send(messages).values():
        raise error


def drop_namespace(spaces: Spaces, namespace: Namespace) -> None:
    """Let go of a namespace, and cut its uplink now: others may hold it a little longer. Raises NetlinkError."""
    if namespace.role != "machine" and namespace.name != objects.SERVICES:
        with suppress(Missing):
            cut = [rt.link_delete(objects.uplink_index(namespace.name))]
            for error in spaces.get(objects.SERVICES).route.send(cut).values():
                if error.errno not in objects.GONE:
                    raise error
    spaces.drop(namespace.name)


def _own_addresses(role: str) -> list[Message]:
    if role == "services":
        return [rt.route_local(str(plan.SERVICES))]
    if role == "vnet":
        return [rt.address_add(rt.LOOPBACK, str(address)) for address in plan.HOST_ADDRESSES]
    return []


def _asked_once(rules: list[rt.Rule]) -> list[Message]:
    """The table ``local`` is asked once, in its place."""
    if local_whole(rules):
        return []
    asked = [rule.priority for rule in rules if rule.table == rt.LOCAL]
    messages = [] if rt.LOCAL_PRIORITY in asked else [rt.rule_add(rt.LOCAL_PRIORITY, rt.LOCAL)]
    return [*messages, *(rt.rule_delete(place, rt.LOCAL) for place in asked if place != rt.LOCAL_PRIORITY)]


def local_whole(rules: Iterable[rt.Rule]) -> bool:
    """Whether a router asks the table ``local`` when it should: after rules of ours, where there are or were any."""
    late = [[rt.LOCAL_PRIORITY]]
    places = [rule.priority for rule in rules]
    return [rule.priority for rule in rules if rule.table == rt.LOCAL] in (late if rt.USER_PRIORITY in places else [[0], *late])


def marking_whole(found: nft.Reading | None, links: Iterable[rt.Link], rules: Iterable[rt.Rule]) -> bool:
    """Whether a router has the chains ``MARKING``, or nothing that needs them."""
    return _has_marking(found) or not _needs_marking(links, rules)


def _needs_marking(links: Iterable[rt.Link], rules: Iterable[rt.Rule]) -> bool:
    lax = (link.name for link in links if link.name.startswith("p") or (link.name.startswith("n") and not link.strict))
    return any(lax) or any(rule.priority == rt.USER_PRIORITY for rule in rules)


def _has_marking(found: nft.Reading | None) -> bool:
    return found is not None and {chain.name for chain in rulesets.MARKING} <= {nft.read_text(chain[0]) for chain in found.chains}


def _put_rules(space: Space, namespace: Namespace, created: bool) -> None:
    batch = [*rulesets.base(namespace.role)]
    if not batch:
        return
    if namespace.role == "vnet":
        batch += rulesets.outbound(namespace.outbound)
        if not created and _needs_marking(rt.links(space.route), rt.rules(space.route)):
            batch += rulesets.marking()
    errors = space.filter.transact(batch)
    if created:
        for error in errors.values():
            raise error
    elif errors or not rules_whole(nft.read_table(space.filter), namespace.role):
        _rebuild(space, namespace.role, batch)


def _rebuild(space: Space, role: str, batch: list[Message]) -> None:
    """Replace a table that somebody changed beyond its rules, its elements with it, in one transaction."""
    elements = []
    for declared in rulesets.ROLES[role].sets:
        if not declared.interval:  # a subnet's Put brings its prefix back
            with suppress(NetlinkError):
                found = nft.read_elements(space.filter, declared.name)
                elements += _restored(declared, found)
    for error in space.filter.transact([nft.table_new(role), nft.table_delete(), *batch, *elements]).values():
        raise error


def _restored(declared: nft.Set, found: dict[bytes, bytes]) -> list[Message]:
    """What brings back the elements of a set."""
    if not found:
        return []
    if not declared.object_type:
        return [nft.elements_add(declared.name, [nft.Element(key, value) for key, value in found.items()])]
    named = {key: value.decode() for key, value in found.items()}
    messages = [nft.timeout_new(nft.timeout_minutes(name)) for name in sorted(set(named.values()))]
    return [*messages, nft.elements_add(declared.name, [nft.Element(key, object=name) for key, name in named.items()])]


@lru_cache
def _normal_form(role: str, marking: bool) -> nft.Reading | None:
    """A role's base, with ``MARKING`` or without, as the kernel tells it of a namespace made for that and let go at once."""

    def read() -> nft.Reading | None:
        unshare_network()
        channel = Channel(NETFILTER)
        try:
            for error in channel.transact([*rulesets.base(role), *(rulesets.marking() if marking else ())]).values():
                raise error
            return nft.read_table(channel)
        finally:
            channel.close()

    return in_thread(read)


def rules_whole(found: nft.Reading | None, role: str) -> bool:
    """Whether a table is exactly what this version of the role's base would make, its outbound address aside."""
    if not rulesets.base(role):
        return found is None
    normal = _normal_form(role, role == "vnet" and _has_marking(found))
    if found is None or normal is None:
        return False
    rules = {chain: rules for chain, rules in found.rules.items() if chain != rulesets.OUTBOUND}
    return (found.comment, found.chains, found.sets, rules) == (normal.comment, normal.chains, normal.sets, normal.rules)


def outbound_address(found: nft.Reading | None) -> str:
    """The address in a network's outbound chain: "" for none, ``objects.DAMAGED`` for anything else."""
    rules = found.rules.get(rulesets.OUTBOUND, ()) if found else ()
    if not rules:
        return ""
    return (expressions.snat_address(rules[0]) if len(rules) == 1 else "") or objects.DAMAGED
