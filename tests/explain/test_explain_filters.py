"""explain with security rules: the rule that decides, on the way out, on the way in, at an endpoint, and for the host's own."""

import msgspec
import pytest

from cloister.explain.path import World, explain
from cloister.explain.trace import DISPOSITIONS, Flow
from cloister.net.intent import Endpoint, Filter, Interface, Network, Rule, Subnet

NSG = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups"
V, S1, S2 = "/v", "/v/subnets/one", "/v/subnets/two"


def rule(name, priority, allow, inbound=True, **more):
    """A rule about everything but what is said."""
    return Rule(
        because=name, priority=priority, allow=allow, inbound=inbound, **{"sources": ("*",), "destinations": ("*",), **more}
    )


def nsg(name, *rules):
    """A group that ends as all do, for both directions."""
    last = [rule(f"{NSG}/{name}/deny{inbound}", 65500, False, inbound) for inbound in (True, False)]
    inside = [
        rule(f"{NSG}/{name}/vnet{i}", 65000, True, i, sources=("VirtualNetwork",), destinations=("VirtualNetwork",))
        for i in (True, False)
    ]
    return Filter(owner=f"{NSG}/{name}", networks=(V,), rules=(*rules, *inside, *last))


def world(*filters, one="", two="", nic="", policies="Disabled", groups=()):
    """Two subnets, a machine in each, an endpoint in the second."""
    return World(
        [
            Network(owner=V, number=1, prefixes=("10.0.0.0/16",)),
            Subnet(owner=S1, network=V, prefix="10.0.1.0/24", filter=one),
            Subnet(owner=S2, network=V, prefix="10.0.2.0/24", filter=two, endpoint_policies=policies),
            Interface(owner="/m1", network=V, subnet=S1, number=1, address="10.0.1.4"),
            Interface(owner="/m2", network=V, subnet=S2, number=2, address="10.0.2.4", filter=nic, groups=groups),
            Endpoint(
                owner="/pe",
                network=V,
                subnet=S2,
                number=1,
                target="/w",
                group="amlworkspace",
                state="Approved",
                addresses=(("default", "10.0.2.9"),),
                names=(),
                because="/w/pec",
            ),
            *filters,
        ]
    )


def ask(found, to="10.0.2.4", port=80, source=S1, **more):
    """Disposition and the deciding rule."""
    trace = explain(found, Flow(source=source, to=to, port=port, **more), lambda *_: ("", ()))
    assert trace.disposition in DISPOSITIONS
    return trace.disposition, trace.steps[-1].because


OUT = rule("out", 100, False, False, destination_ports=((80, 80),), protocol="tcp")
IN = rule("in", 100, False, destination_ports=((80, 80),), protocol="tcp")


@pytest.mark.parametrize(
    ("found", "asked", "expected"),
    [
        (world(), {}, ("Delivered", "/m2")),
        (world(nsg("a", OUT), one=f"{NSG}/a"), {}, ("DeniedOutbound", "out")),
        (world(nsg("a", OUT), one=f"{NSG}/a"), {"port": 81}, ("Delivered", "/m2")),
        (world(nsg("a", OUT), one=f"{NSG}/a"), {"protocol": "udp"}, ("Delivered", "/m2")),
        (world(nsg("a", OUT), one=f"{NSG}/A"), {}, ("DeniedOutbound", "out")),
        (world(nsg("a", IN), two=f"{NSG}/a"), {}, ("DeniedInbound", "in")),
        (world(nsg("a", IN), nic=f"{NSG}/a"), {}, ("DeniedInbound", "in")),
        (world(nsg("a"), nsg("b", IN), two=f"{NSG}/a", nic=f"{NSG}/b"), {}, ("DeniedInbound", "in")),
        (world(nsg("a"), two=f"{NSG}/gone"), {}, ("DeniedInbound", f"{NSG}/gone")),
        (world(nsg("a"), one=f"{NSG}/a"), {"to": "198.19.20.2", "port": 443}, ("DeniedOutbound", f"{NSG}/a/denyFalse")),
        (world(nsg("a", IN), two=f"{NSG}/a"), {"to": "10.0.2.9", "port": 443}, ("Delivered", "/w/pec")),
        (
            world(nsg("a", rule("pe", 90, False, destinations=("10.0.2.9",))), two=f"{NSG}/a", policies="Enabled"),
            {"to": "10.0.2.9", "port": 443},
            ("DeniedInbound", "pe"),
        ),
        (
            world(nsg("a", rule("pe", 90, False, destinations=("10.0.2.9",))), two=f"{NSG}/a", policies="RouteTableEnabled"),
            {"to": "10.0.2.9", "port": 443},
            ("Delivered", "/w/pec"),
        ),
        (
            world(nsg("a", rule("all", 90, False, False)), one=f"{NSG}/a"),
            {"to": "168.63.129.16", "port": 53},
            ("Delivered", V),
        ),
        (
            world(nsg("a", rule("dns", 90, False, False, destinations=("AzurePlatformDNS",))), one=f"{NSG}/a"),
            {"to": "168.63.129.16", "port": 53, "protocol": "udp"},
            ("DeniedOutbound", "dns"),
        ),
        (
            world(
                nsg("a", rule("asg", 90, False, destinations=(), destination_groups=("/ASG",))), two=f"{NSG}/a", groups=("/asg",)
            ),
            {},
            ("DeniedInbound", "asg"),
        ),
        (
            world(nsg("a", rule("asg", 90, False, destinations=(), destination_groups=("/asg",))), two=f"{NSG}/a"),
            {},
            ("Delivered", "/m2"),
        ),
        (world(nsg("a", rule("any22", 90, False, destination_ports=((22, 22),))), two=f"{NSG}/a"), {}, ("Delivered", "/m2")),
        (
            world(nsg("a", rule("any22", 90, False, destination_ports=((22, 22),))), two=f"{NSG}/a"),
            {"protocol": "icmp"},
            ("Delivered", "/m2"),
        ),
        (
            world(nsg("a", rule("ping", 90, False, protocol="icmp")), two=f"{NSG}/a"),
            {"protocol": "icmp"},
            ("DeniedInbound", "ping"),
        ),
        (world(nsg("a", rule("me", 90, False, False, sources=("10.0.1.5",))), one=f"{NSG}/a"), {}, ("DeniedOutbound", "me")),
        (
            world(nsg("a", rule("me", 90, False, False, sources=("10.0.1.5",))), one=f"{NSG}/a"),
            {"source": "/m1"},
            ("Delivered", "/m2"),
        ),
        (
            world(nsg("a", rule("me", 90, False, False, sources=("10.0.1.5",))), one=f"{NSG}/a"),
            {"address": "10.0.1.77"},
            ("Delivered", "/m2"),
        ),
    ],
)
def test_the_rule_that_decides(found, asked, expected):
    assert ask(found, **asked) == expected


def test_what_allows_is_told_too():
    allowing = nsg("a", rule("web", 100, True, destination_ports=((80, 80),)))
    trace = explain(world(allowing, two=f"{NSG}/a"), Flow(source=S1, to="10.0.2.4", port=80), lambda *_: ("", ()))
    told = [(step.stage, step.action, step.because) for step in trace.steps]
    assert ("inbound", "allowed", "web") in told
    assert msgspec.to_builtins(trace)["flow"]["port"] == 80
