"""kill -9 of each process at random moments while a plain ARM client works: nothing acknowledged is lost.

With the keeper the cloud ends, by design; the next ``cloister up`` brings back what the rows say.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import select
import signal
import ssl
import threading
import time
from collections import Counter
from typing import Any

import pytest

from tests.boxes import Box
from tests.mainjob.measures import processes
from tests.mainjob.rows import held, wanted
from tests.mainjob.world import ML, NETWORK, World, eventually

VICTIMS = ("control", "fabric", "edge", "resolver")
KILLS_DEEP = int(os.environ.get("CLOISTER_KILLS", "50"))
SEED = int(os.environ.get("CLOISTER_SEED", "1"))


class Client(threading.Thread):
    """Puts and deletes endpoints over HTTPS, one after another; notes what was acknowledged."""

    def __init__(self, world: World, network: str, workspace: str, seed: int):
        super().__init__(daemon=True)
        self.world, self.network, self.workspace = world, network, workspace
        self.rng = random.Random(seed)
        self.acknowledged: dict[str, bool] = {}  # endpoint id -> is there
        self.deployments: set[str] = set()
        self.refused: list[Any] = []
        self.answers = 0
        self.done = threading.Event()

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request, tried again while the connection fails or the cloud says 503; at most 30 s."""
        facts = json.loads(self.world.cloud.home.cloud_file.read_text())
        context = ssl.create_default_context(cafile=str(self.world.cloud.home.ca_file))
        end = time.monotonic() + 30
        while True:
            connection = http.client.HTTPSConnection("localhost", facts["host_port"], context=context, timeout=10)
            try:
                headers = {"Authorization": f"Bearer {self.world.token}", "Content-Type": "application/json"}
                connection.request(method, f"{path}?api-version={NETWORK}", json.dumps(body) if body else None, headers)
                answer = connection.getresponse()
                found = answer.read()
                if answer.status != 503:
                    return answer.status, json.loads(found) if found else None
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            assert time.monotonic() < end, f"{method} {path} was not answered within 30 s"
            time.sleep(0.02)

    def run(self) -> None:
        try:
            self.work()
        except AssertionError as error:
            self.refused.append(str(error))

    def work(self) -> None:
        """Request after request, until it is told to end."""
        number = 0
        while not self.done.is_set():
            number += 1
            present = [id for id, there in self.acknowledged.items() if there]
            if number % 7 == 0:
                self.deploy(number)
            elif len(present) > 20 or (present and self.rng.random() < 0.3):
                id = self.rng.choice(present)
                status, body = self.request("DELETE", id)
                self.note(id, status in (200, 202, 204), False, body)
            else:
                id = self.world.id("Microsoft.Network/privateEndpoints", f"e{number}")
                status, body = self.request("PUT", id, self.world.endpoint_body(self.network, self.workspace))
                self.note(id, status in (200, 201), True, body)

    def deploy(self, number: int) -> None:
        """A template with two endpoints."""
        names = [f"d{number}x{place}" for place in range(2)]
        resources = [
            {
                "type": "Microsoft.Network/privateEndpoints",
                "apiVersion": NETWORK,
                "name": name,
                **self.world.endpoint_body(self.network, self.workspace),
            }
            for name in names
        ]
        schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
        template = {"$schema": schema, "contentVersion": "1.0.0.0", "resources": resources}
        id = self.world.id("Microsoft.Resources/deployments", f"d{number}")
        status, body = self.request("PUT", id, {"properties": {"mode": "Incremental", "template": template}})
        # Asked again because the first answer was lost with its process: the run that it began may still be under way.
        self.answers += 1
        is_active = status == 409 and body["error"]["code"] == "DeploymentActive"
        if status in (200, 201) or is_active:
            self.deployments.add(id)
        else:
            self.refused.append(body)

    def is_answered(self) -> None:
        """Wait until the cloud has answered once more."""
        before = self.answers
        eventually(lambda: self.answers > before, 30)

    def note(self, id: str, taken: bool, there: bool, body: Any) -> None:
        """What the cloud said to a request."""
        self.answers += 1
        if taken:
            self.acknowledged[id] = there
        else:
            self.refused.append(body)


def test_kills(own_cloud):
    kills(own_cloud, 5, Box("", 90.0))


@pytest.mark.deep(share=9)
@pytest.mark.timeout(0)
def test_kills_deep(own_cloud, box):
    kills(own_cloud, KILLS_DEEP, box)


def test_kills_of_the_keeper(own_cloud):
    kills_of_the_keeper(own_cloud, 2, Box("", 60.0))


@pytest.mark.deep(share=7)
@pytest.mark.timeout(0)
def test_kills_of_the_keeper_deep(own_cloud, box):
    kills_of_the_keeper(own_cloud, KILLS_DEEP, box)


def kills(own_cloud: Any, rounds: int, box: Box) -> None:
    """So many of each process, in random order, at random moments."""
    done: Counter[str] = Counter()
    rng = random.Random(SEED)
    world = World(own_cloud)
    network = world.network("mine", subnet="10.0.0.0/18")  # room for all endpoints that deployments leave
    workspace = world.workspace("first")["id"]
    steady = world.endpoint("steady", network, workspace)["id"]
    world.names(network, steady)
    name = own_cloud.arm("GET", workspace, api_version=ML)["properties"]["discoveryUrl"].split("/")[2]
    path = f"/history/v1.0{workspace}/experiments/none"
    client = Client(world, network, workspace, SEED)
    order = [victim for victim in VICTIMS for _ in range(rounds)]
    rng.shuffle(order)
    with world.machine("mine") as machine:
        kept = {"as": "kept", "host": name, "path": path}
        assert machine.do("open", **{"as": "kept", "name": name})["opened"]
        client.start()
        try:
            for victim in order:
                if box.over:
                    break
                done[victim] += 1
                client.is_answered()
                time.sleep(rng.uniform(0.0, 0.4))  # a random moment, not a wait for something
                before = eventually(lambda victim=victim: processes(own_cloud).get(victim), 10)
                os.kill(before, signal.SIGKILL)
                killed = time.monotonic()
                if victim in ("control", "fabric"):
                    answer = machine.do("ask", **kept)
                    assert answer.get("status") == 401, f"after the end of {victim}: {answer}"
                elif victim == "edge":
                    eventually(lambda: machine.do("open", **{"as": "kept", "name": name, "seconds": 0.3})["opened"], 5)
                    print(f"edge serves again after {time.monotonic() - killed:.2f} s")
                else:
                    eventually(lambda: machine.resolve(name), 15)
                eventually(lambda victim=victim, before=before: processes(own_cloud).get(victim, before) != before, 10)
        finally:
            client.done.set()
            client.join(60)
    for victim in VICTIMS:
        box.tell(f"kills of {victim}", done[victim], rounds)
    nothing_is_lost(own_cloud, client)
    print(f"{dict(done)} kills, {len(client.acknowledged)} endpoints, {len(client.deployments)} deployments, seed {SEED}")


def kills_of_the_keeper(own_cloud: Any, rounds: int, box: Box) -> None:
    """So many ends of the whole cloud while a client works, each followed by ``up``."""
    rng = random.Random(SEED)
    world = World(own_cloud)
    network = world.network("mine", subnet="10.0.0.0/18")
    client = Client(world, network, world.workspace("first")["id"], SEED)
    done, ups = 0, 0.0
    client.start()
    try:
        while done < rounds and not (done and box.over):
            client.is_answered()
            time.sleep(rng.uniform(0.0, 0.4))  # a random moment, not a wait for something
            ended = [os.pidfd_open(pid) for pid in processes(own_cloud).values()]
            os.kill(processes(own_cloud)["keeper"], signal.SIGKILL)
            for one in ended:  # whoever was left would hold the sockets and the networks of the next
                assert select.select([one], [], [], 10)[0], "a process outlived the keeper"
                os.close(one)
            began = time.monotonic()
            own_cloud.cloister("up", "--detach")
            ups += time.monotonic() - began
            done += 1
    finally:
        client.done.set()
        client.join(60)
    box.tell("kills of keeper", done, rounds)
    nothing_is_lost(own_cloud, client)
    print(f"{done} kills, up again after {ups / done:.1f} s, {len(client.acknowledged)} endpoints, seed {SEED}")


def nothing_is_lost(own_cloud: Any, client: Client) -> None:
    """What was acknowledged is there, nothing was refused, and the kernel holds what the rows ask for."""
    assert not client.is_alive()
    assert not client.refused, client.refused[:3]
    for id in client.deployments:
        ended = eventually(lambda id=id: _ended(own_cloud, id), 30)
        assert ended in ("Succeeded", "Failed")
    for id, there in client.acknowledged.items():
        assert own_cloud.rest("GET", id, api_version=NETWORK).status == (200 if there else 404), id
    eventually(lambda: _equal(own_cloud), 30)


def _ended(cloud: Any, id: str) -> str:
    state = cloud.rest("GET", id, api_version="2021-04-01").json["properties"]["provisioningState"]
    return state if state in ("Succeeded", "Failed", "Canceled") else ""


def _equal(cloud: Any) -> bool:
    return held(cloud.home) == wanted(cloud.home, cloud.api.facts["tenant_id"])
