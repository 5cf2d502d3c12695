"""The name stage: whom a network's machines ask, in order, and what is known of the answer.

A network asks 168.63.129.16 unless its ``dhcpOptions.dnsServers`` name others. Of those, this cloud knows the answers of its
own: the internet's resolver and inbound endpoints of DNS private resolvers. A user's own name server is a machine; what it
answers only it knows, so the stage ends there, and says what follows from each way in which it may forward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cloister.dns.question import Answer, describe
from cloister.explain.trace import Step
from cloister.net import plan
from cloister.net.intent import Forwarding, Intent, Interface, Network, Peering, ResolverDoor
from cloister.net.parsed import address_of, prefix_of

INTERNET = "internet"
HOPS_MAX = 8

Ask = Callable[[str, str], Answer | None]
"""``(network id or "internet", name) -> answer`` of this cloud's own resolver there; None where there is none yet."""


class Names:
    """The intents that decide whom a network asks."""

    def __init__(self, intents: Iterable[Intent], ask: Ask):
        self._ask = ask
        self._networks: dict[str, Network] = {}
        self._interfaces: dict[tuple[str, str], Interface] = {}
        self._doors: dict[tuple[str, str], ResolverDoor] = {}
        self._origins: dict[str, str] = {}
        self._peers: dict[str, list[str]] = {}
        for one in intents:
            match one:
                case Network():
                    self._networks[one.owner.lower()] = one
                case Interface() if one.number:
                    self._interfaces[one.network.lower(), one.address] = one
                case ResolverDoor():
                    self._doors[one.network.lower(), one.address] = one
                case Forwarding():
                    self._origins[one.because.lower()] = one.origin
                case Peering():
                    self._peers.setdefault(one.network.lower(), []).append(one.remote)

    def lookup(self, network: str, name: str) -> tuple[str, tuple[Step, ...]]:
        """``(address or "", steps)``; a last step whose action is ``stopped`` says that the answer is not known."""
        found = self._networks.get(network.lower())
        servers = found.dns_servers if found is not None else ()
        if not servers:
            return self._own(network, name, 0)
        steps: list[Step] = []
        for server in servers:
            answered = self._server(network, server, name, 0)
            if answered is not None:
                lead = _step("asked", f"the network's machines ask {server} (dhcpOptions.dnsServers)", network)
                return answered[0], (*steps, lead, *answered[1])
            steps.append(_step("dropped", f"the name server {server} is nothing that answers from here", network))
        return "", tuple(steps)

    def _own(self, network: str, name: str, hops: int) -> tuple[str, tuple[Step, ...]]:
        """What this cloud's resolver of a network answers."""
        answer = self._ask(network, name)
        if answer is None:
            return "", (_step("stopped", "the network has no resolver yet", network),)
        steps = tuple(_step("answered", describe(one), one.because or one.owner) for one in answer.trail)
        rule = answer.onward
        if rule is None:
            return (answer.addresses[0] if answer.addresses else ""), steps
        origin = self._origins.get(rule.because.lower(), network)
        for server, port in rule.targets if hops < HOPS_MAX else ():
            found = self._server(origin, server, answer.asks, hops + 1) if port == 53 else None
            if found is not None:
                return found[0], (*steps, *found[1])
        detail = "the rule leads back to itself" if hops >= HOPS_MAX else "no server of the rule answers its outbound endpoint"
        return "", (*steps, _step("dropped", detail, rule.because))

    def _server(self, network: str, server: str, name: str, hops: int) -> tuple[str, tuple[Step, ...]] | None:
        """What a name server says to who asks it from a network; None where none is at that address."""
        if server == str(plan.AZURE_DNS):
            return self._own(network, name, hops)
        if server == str(plan.PUBLIC_DNS):
            return self._own(INTERNET, name, hops)
        for place in (network, *self._peers.get(network.lower(), ())):
            known = self._networks.get(place.lower())
            if known is None or not any(address_of(server) in prefix_of(prefix) for prefix in known.prefixes):
                continue
            door = self._doors.get((place.lower(), server))
            if door is not None:
                address, steps = self._own(place, name, hops)
                told = f"{server} is an inbound endpoint: it answers what '{place.rsplit('/', 1)[-1]}' sees"
                return address, (_step("asked", told, door.owner), *steps)
            machine = self._interfaces.get((place.lower(), server))
            if machine is not None:
                return "", (_step("stopped", self._implied(place, server, name), machine.owner),)
        return None

    def _implied(self, network: str, server: str, name: str) -> str:
        """What is known of a user's own name server: nothing, but what its ways of forwarding lead to."""
        answer, public = self._ask(network, name), self._ask(INTERNET, name)
        zones = [one.target for one in answer.trail if one.rule == "linked-zone"] if answer is not None else []
        suffix = zones[0].replace("privatelink.", "", 1) if zones else name.partition(".")[2]
        here = _shown(answer)
        told = f"what the name server {server} answers only it knows: forwarding '{suffix}' to {plan.AZURE_DNS} gives {here}"
        if zones and "privatelink" in zones[0].split("."):
            told += f", forwarding '{zones[0]}' alone gives {_shown(public)}"
        return told


def _shown(answer: Answer | None) -> str:
    if answer is None:
        return "nothing"
    if answer.onward is not None:
        return "what a forwarding rule's servers say"
    return answer.addresses[0] if answer.addresses else answer.rcode


def _step(action: str, detail: str, because: str) -> Step:
    return Step(stage="name", action=action, detail=detail, because=because)
