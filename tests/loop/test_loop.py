"""The reconcile loop over the simulation: convergence, failures, lost drivers, foreign edits, and incremental == full."""

import asyncio
import random

import msgspec
import pytest

from cloister.arm.resource import ResourceType, Row
from cloister.arm.schema import obj
from cloister.compilers.units import compile_all
from cloister.control.loop import ReconcileLoop
from cloister.drivers.sim.fabric import SimFabric, SimPlain
from cloister.ipc.frames import Unreachable
from cloister.net.desired import Drop, Filters, Forward, IdentityRoute, Namespace, Put
from cloister.net.intent import (
    Endpoint,
    Filter,
    Grant,
    Interface,
    LinkedName,
    Network,
    Record,
    Rule,
    Service,
    Subnet,
    Zone,
    ZoneLink,
)

KIND = "Test.World/things"
STATES = ("Approved", "Pending", "Rejected")


class Rows:
    """The least of a View: rows by id, which a test sets."""

    def __init__(self):
        self.rows: dict[str, Row] = {}
        self.intents: dict[str, list] = {}

    def get(self, id):
        return self.rows.get(id.lower())

    def set(self, id, intents):
        """Put a row (or drop it: None) and answer the change as the engine would tell it."""
        old = self.rows.pop(id, None)
        self.intents.pop(id, None)
        if intents is not None:
            self.rows[id] = Row(id=id, type=KIND, body={})
            self.intents[id] = intents
        return [(id, old, self.rows.get(id))]


class Cloud:
    def __init__(self):
        self.rows = Rows()
        type = ResourceType(
            name=KIND, api_versions=("2026-01-01",), properties=obj(), realize=lambda row, view: self.rows.intents[row.id]
        )
        self.fabric, self.edge, self.resolver = SimFabric(), SimPlain(), SimPlain()
        drivers = {"fabric": self.fabric, "edge": self.edge, "resolver": self.resolver}
        self.loop = ReconcileLoop({KIND.lower(): type}, lambda: self.rows, drivers)
        self.revision = 0

    def set(self, id, intents):
        self.revision += 1
        self.loop.changed(self.revision, self.rows.set(id, intents))

    async def settled(self, timeout=5.0):
        async with asyncio.timeout(timeout):
            while not await self.loop.applied("", self.revision, 1.0) or self.held() != nameless(self.loop.realized.desired):
                await asyncio.sleep(0.01)

    def held(self):
        return nameless({**self.fabric.objects, **self.edge.objects, **self.resolver.objects})


def nameless(objects):
    """Objects without their owners, which are names for people."""
    return {key: msgspec.structs.replace(thing, owner="") for key, thing in objects.items()}


def vnet(n):
    return [
        Network(owner=f"/v{n}", number=n, prefixes=("10.0.0.0/16",)),
        Subnet(owner=f"/v{n}/subnets/d", network=f"/v{n}", prefix="10.0.0.0/24"),
    ]


def filtered(n):
    return [vnet(n)[0], msgspec.structs.replace(vnet(n)[1], filter="/nsg")]


def nsg(rng):
    rule = Rule(
        because="/nsg/r", priority=100, inbound=True, allow=rng.random() < 0.5, sources=("10.0.0.0/24",), destinations=("*",)
    )
    return [Filter(owner="/nsg", networks=("/v1", "/v2"), rules=(rule,))]


def machine(n, network=1):
    return [
        Interface(owner=f"/m{n}", network=f"/v{network}", subnet=f"/v{network}/subnets/d", number=n, address=f"10.0.0.{n + 10}")
    ]


NAME = LinkedName("default", "w.api.azureml.ms", "w.privatelink.api.azureml.ms", "198.19.16.2")


def service(public=False):
    return [
        Service(
            owner="/w",
            service="machinelearning",
            region="eastus2",
            names=(NAME,),
            public_access=public,
            because="publicNetworkAccess",
        )
    ]


def endpoint(state="Approved", network=1, number=1):
    return [
        Endpoint(
            owner=f"/pe{number}",
            network=f"/v{network}",
            subnet=f"/v{network}/subnets/d",
            number=number,
            target="/w",
            group="amlworkspace",
            state=state,
            addresses=(("default", f"10.0.0.{3 + number}"),),
            names=(NAME,),
            because="/w/privateEndpointConnections/pe",
        )
    ]


def run(scenario):
    async def whole():
        cloud = Cloud()
        task = asyncio.create_task(cloud.loop.run())
        try:
            await scenario(cloud)
        finally:
            task.cancel()

    asyncio.run(whole())


def test_a_world_is_applied_and_packets_follow_the_state():
    async def scenario(cloud):
        for id, intents in (("/v1", vnet(1)), ("/v2", vnet(2)), ("/w", service()), ("/m1", machine(1)), ("/m2", machine(2, 2))):
            cloud.set(id, intents)
        for state, arrives in (("Pending", False), ("Approved", True), ("Rejected", False), ("Approved", True)):
            cloud.set("/pe1", endpoint(state))
            await cloud.settled()
            verdict = cloud.fabric.connect("machine-1", "10.0.0.4", 443)
            assert verdict.arrived is arrives, verdict
            assert not cloud.fabric.connect("machine-2", "10.0.0.4", 443).arrived
        assert cloud.fabric.connect("machine-1", "10.0.0.4", 443).source == "100.64.0.1"
        cloud.set("/pe1", None)
        await cloud.settled()
        assert not cloud.fabric.connect("machine-1", "10.0.0.4", 443).arrived
        assert cloud.loop.state("/pe1") == ("Succeeded", "")

    run(scenario)


def test_a_failed_edit_fails_its_owner_only_and_is_tried_again():
    async def scenario(cloud):
        cloud.set("/v1", vnet(1))
        await cloud.settled()
        # machine 1's network exists, machine 9's router does not: its edit fails until it does
        cloud.set("/m9", machine(9, 9))
        cloud.set("/m1", machine(1))
        await cloud.settled()
        cloud.fabric.fail_next = 1
        cloud.set("/v2", vnet(2))
        await cloud.settled()
        assert cloud.loop.state("/v2") == ("Succeeded", "")

    run(scenario)


def test_foreign_edits_are_repaired_and_counted():
    async def scenario(cloud):
        for id, intents in (("/v1", vnet(1)), ("/w", service()), ("/pe1", endpoint())):
            cloud.set(id, intents)
        await cloud.settled()
        del cloud.fabric.objects["forward vnet-1 10.0.0.4 443"]
        stray = Forward(
            owner="",
            namespace="vnet-1",
            address="10.0.0.9",
            port=443,
            to_address="198.19.16.9",
            to_port=443,
            identity="100.64.9.9",
        )
        cloud.fabric.objects[stray.key] = stray
        cloud.loop.look_again()
        await cloud.settled()
        assert cloud.loop.drift == 2

    run(scenario)


def test_a_lost_driver_stops_the_pass_and_is_tried_again():
    async def scenario(cloud):
        apply, lost = cloud.resolver.apply, {"times": 3}

        async def unreachable(edits):
            if lost["times"]:
                lost["times"] -= 1
                raise Unreachable("cannot reach resolver.sock: gone")
            return await apply(edits)

        cloud.resolver.apply = unreachable
        for id, intents in (("/v1", vnet(1)), ("/w", service()), ("/pe1", endpoint())):
            cloud.set(id, intents)
        await cloud.settled()
        assert lost["times"] == 0

    run(scenario)


def test_a_module_that_raises_fails_its_row_only():
    async def scenario(cloud):
        cloud.set("/v1", vnet(1))
        cloud.set("/bad", [])
        del cloud.rows.intents["/bad"]
        await cloud.settled()
        assert cloud.loop.state("/bad")[0] == "Failed"
        assert cloud.loop.state("/v1") == ("Succeeded", "")

    run(scenario)


def test_nothing_is_granted_where_a_restriction_failed():
    """Rules that the kernel will not take keep the machines of their network out until it does; others are not held up."""

    async def scenario(cloud):
        edit, refused = cloud.fabric.edit, {"times": 3}

        def refusing(one):
            if isinstance(one, Put) and isinstance(one.object, Filters) and refused["times"]:
                refused["times"] -= 1
                return "cannot apply: made to fail"
            answer = edit(one)
            if cloud.fabric.connect("machine-1", "10.0.0.12", 80).arrived:
                passed.append(one)  # (the loop outlives what is raised here)
            return answer

        cloud.fabric.edit = refusing
        passed = []
        deny = Rule(because="/nsg/r", priority=100, inbound=True, allow=False, sources=("*",), destinations=("*",))
        cloud.set("/nsg", [Filter(owner="/nsg", networks=("/v1",), rules=(deny,))])
        cloud.set("/v1", [*vnet(1)[:1], msgspec.structs.replace(vnet(1)[1], filter="/nsg")])
        cloud.set("/m1", machine(1))
        cloud.set("/m2", machine(2))
        cloud.set("/v2", vnet(2))
        cloud.set("/m3", machine(3, 2))
        await cloud.settled()
        assert refused["times"] == 0 and not passed
        assert cloud.fabric.connect("machine-3", "168.63.129.16", 53).arrived

    run(scenario)


def test_batches_of_any_size_make_the_same_world_in_one_pass(monkeypatch, caplog):
    """What others stand on comes in an earlier batch, so nothing fails and is made in a second pass."""
    monkeypatch.setattr("cloister.control.loop.EDITS_PER_BATCH_MAX", 1)

    async def scenario(cloud):
        for n in range(1, 4):
            cloud.set(f"/v{n}", vnet(n))
            cloud.set(f"/m{n}", machine(n, n))
            cloud.set(f"/pe{n}", endpoint(network=n, number=n))
        cloud.set("/w", service())
        await cloud.settled()
        assert not [record for record in caplog.records if record.name == "cloister.loop"], caplog.text
        assert cloud.loop.status()["waiting"] == 0

    run(scenario)


def test_what_failed_and_what_it_held_back_is_waiting_until_it_holds():
    async def scenario(cloud):
        edit, told, refused = cloud.fabric.edit, [], {"times": 2}

        def refusing(one):
            status = cloud.loop.status()
            told.append((status["applied"] >= status["revision"], status["waiting"] > 0, cloud.held() == wanted()))
            if isinstance(one, Put) and isinstance(one.object, IdentityRoute) and refused["times"]:
                refused["times"] -= 1
                return "cannot apply: made to fail"
            return edit(one)

        def wanted():
            return nameless(cloud.loop.realized.desired)

        cloud.fabric.edit = refusing
        cloud.set("/v1", vnet(1))
        cloud.set("/w", service())
        cloud.set("/pe1", endpoint())
        await cloud.settled()
        assert any(applied and not whole for applied, _, whole in told), "no pass left anything for the next"
        assert all(waiting for _, waiting, whole in told if not whole)
        assert cloud.loop.status()["waiting"] == 0

    run(scenario)


def test_an_edit_that_was_said_to_fail_and_was_done_is_no_failure():
    async def scenario(cloud):
        edit, refused = cloud.fabric.edit, {"times": 1}

        def refusing(one):
            done = edit(one)
            if isinstance(one, Put) and isinstance(one.object, Namespace) and refused["times"]:
                refused["times"] -= 1
                return "cannot apply: made to fail"
            return done

        cloud.fabric.edit = refusing
        cloud.set("/v1", vnet(1))
        async with asyncio.timeout(5.0):
            while refused["times"] or cloud.loop.status()["waiting"]:
                await asyncio.sleep(0.01)
        assert cloud.loop.state("/v1") == ("Succeeded", "")

    run(scenario)


def _choices(rng):
    n = rng.randrange(1, 4)
    zone = [
        Zone(owner="/z", name="privatelink.api.azureml.ms"),
        Record(owner="/z/A/w", zone="/z", name="w", type="A", ttl=10, values=("10.0.0.4",)),
    ]
    return rng.choice(
        [
            (f"/v{n}", rng.choice([vnet(n), filtered(n), None])),
            (f"/m{n}", rng.choice([machine(n, rng.randrange(1, 4)), None])),
            ("/w", rng.choice([service(), service(True), None])),
            (f"/pe{n}", rng.choice([*(endpoint(state, rng.randrange(1, 4), n)[0:] for state in STATES), None])),
            ("/z", rng.choice([zone, None])),
            (f"/l{n}", rng.choice([[ZoneLink(owner=f"/l{n}", zone="/z", network=f"/v{n}")], None])),
            ("/nsg", rng.choice([nsg(rng), None])),
            ("/g", rng.choice([[Grant(owner="/g", principal="p", scope="/", actions=("*",))], None])),
        ]
    )


@pytest.mark.parametrize("seed", range(20))
def test_incremental_is_full_whatever_the_path(seed):
    """The state depends on the rows only, not on the path taken to get there."""

    async def scenario(cloud):
        rng = random.Random(seed)
        for _ in range(60):
            cloud.set(*_choices(rng))
            if rng.random() < 0.2:
                await cloud.settled()
                cloud.fabric.fail_next = rng.randrange(3)
        await cloud.settled()
        intents = [intent for group in cloud.rows.intents.values() for intent in group]
        whole = compile_all(intents)
        assert cloud.loop.realized.desired == whole
        assert cloud.held() == nameless(whole)

    run(scenario)


@pytest.mark.parametrize("seed", range(10))
def test_no_flow_passes_that_neither_world_allows(seed):
    """After every single edit, a machine reaches the endpoint's address only if the old or the new rows allow it."""

    async def scenario(cloud):
        rng = random.Random(seed)
        for id, intents in (("/v1", vnet(1)), ("/v2", vnet(2)), ("/w", service()), ("/m1", machine(1)), ("/m2", machine(2, 2))):
            cloud.set(id, intents)
        await cloud.settled()
        allowed = {"before": frozenset(), "after": frozenset()}
        edit, passed = cloud.fabric.edit, []

        def checked(one):
            answer = edit(one)
            if isinstance(one, Put | Drop):
                for machine_name in ("machine-1", "machine-2"):
                    for address in ("10.0.0.4", "10.0.0.5", "10.0.0.6"):
                        verdict = cloud.fabric.connect(machine_name, address, 443)
                        seen = (machine_name, verdict.source)
                        if verdict.arrived and seen not in allowed["before"] | allowed["after"]:
                            passed.append((one, seen, dict(allowed)))  # (the loop outlives what is raised here)
            return answer

        cloud.fabric.edit = checked
        for _ in range(40):
            network, number = rng.randrange(1, 3), rng.randrange(1, 4)
            state = rng.choice(["Approved", "Pending", "Rejected", None])
            for other in range(1, 4):
                if other != number:
                    cloud.rows.intents.pop(f"/pe{other}", None)
            allowed["before"] = allowed["after"]
            allowed["after"] = frozenset({(f"machine-{network}", f"100.64.0.{number}")} if state == "Approved" else ())
            for other in range(1, 4):
                if other != number and f"/pe{other}" in cloud.rows.rows:
                    cloud.set(f"/pe{other}", None)
            cloud.set(f"/pe{number}", endpoint(state, network, number) if state else None)
            await cloud.settled()
            assert not passed

    run(scenario)
