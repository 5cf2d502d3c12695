"""Asynchronous answers and polling, concurrency, cancellation, a store that fails, and requests from inside."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from cloister.arm.errors import ArmError
from cloister.control.answers import reply
from cloister.control.ports import Caller, Event, Route
from tests.control.fake_cloud import GROUP, OWNER, SUB

NETS = f"{GROUP}/providers/Test.Net/nets"
NET = {"location": "eastus2", "properties": {"prefixes": ["x"]}}
ME = Caller(principal=OWNER)


def place(url):
    assert url.startswith("https://management.azure.com/") and url.endswith("?api-version=2024-01-01")
    return url.removeprefix("https://management.azure.com").split("?")[0]


def test_a_put_that_is_not_applied_in_time_is_polled(in_cloud):
    async def work(cloud):
        key = f"{NETS}/n1".lower()
        cloud.loop.states[key] = ("Updating", "not yet applied")
        status, body, headers = await cloud.call("PUT", f"{NETS}/n1", NET)
        assert status == 201 and body["properties"]["provisioningState"] == "Updating"
        assert (headers["retry-after"], headers["retry-after-ms"]) == ("1", "200") and "location" not in headers
        url = place(headers["azure-asyncoperation"])
        assert url.lower().startswith(f"{SUB}/providers/test.net/locations/eastus2/operationstatuses/")
        status, body, headers = await cloud.call("GET", url)
        assert (status, body["status"]) == (200, "InProgress")
        assert (headers["retry-after"], headers["retry-after-ms"]) == ("1", "200")
        cloud.loop.states[key] = ("Failed", "cannot make the router: no")
        body = await cloud.ok("GET", url)
        assert body["status"] == "Failed" and "no" in body["error"]["message"]
        assert (await cloud.ok("GET", f"{NETS}/n1"))["properties"]["provisioningState"] == "Failed"
        del cloud.loop.states[key]
        body = await cloud.ok("GET", url)
        assert body["status"] == "Succeeded" and body["endTime"]
        result = url.replace("operationStatuses", "operationResults")
        assert (await cloud.ok("GET", result))["name"] == "n1"
        stranger = "99999999-9999-9999-9999-999999999999"
        assert (await cloud.call("GET", url, who=stranger))[0] == 404

    in_cloud(work)


def test_a_put_that_fails_at_once_tells_why_by_its_operation(in_cloud):
    async def work(cloud):
        cloud.loop.states[f"{NETS}/n1".lower()] = ("Failed", "cannot make the router: no")
        status, body, headers = await cloud.call("PUT", f"{NETS}/n1", NET)
        assert status == 201 and body["properties"]["provisioningState"] == "Failed"
        told = await cloud.ok("GET", place(headers["azure-asyncoperation"]))
        assert told["status"] == "Failed" and "the router" in told["error"]["message"]

    in_cloud(work)


def test_a_deletion_is_polled_until_what_it_withdraws_is_gone(in_cloud):
    async def work(cloud):
        await cloud.net()
        cloud.loop.states[f"{NETS}/n1".lower()] = ("Updating", "")
        status, _, headers = await cloud.call("DELETE", GROUP)
        assert status == 202
        status, _, again = await cloud.call("GET", place(headers["location"]))
        assert status == 202 and again["location"] == headers["location"] and again["retry-after-ms"] == "200"
        cloud.loop.states.clear()
        assert (await cloud.call("GET", place(headers["location"])))[0] == 204
        assert (await cloud.ok("GET", place(headers["azure-asyncoperation"])))["status"] == "Succeeded"

    in_cloud(work)


@pytest.mark.parametrize("name", ["x", "AAAA", "%00", "ü", "A" * 3000])
def test_operations_that_were_never_given_out(in_cloud, name):
    async def work(cloud):
        status, error, _ = await cloud.call("GET", f"{SUB}/providers/Test.Net/locations/eastus/operationStatuses/{name}")
        assert (status, error["error"]["code"]) == (404, "OperationNotFound")

    in_cloud(work)


def test_many_at_once_each_get_a_number_of_their_own(in_cloud):
    async def work(cloud):
        await asyncio.gather(*(cloud.net(f"n{n}") for n in range(40)))
        listed = (await cloud.ok("GET", NETS))["value"]
        assert sorted(net["properties"]["number"] for net in listed) == list(range(1, 41))

    in_cloud(work)


def test_of_two_that_guard_by_etag_one_wins(in_cloud):
    async def work(cloud):
        net = await cloud.net()
        tags = [{"tags": {"who": str(n)}} for n in range(8)]
        answers = await asyncio.gather(*(cloud.call("PATCH", net["id"], body, if_match=net["etag"]) for body in tags))
        assert sorted(status for status, _, _ in answers) == [200] + [412] * 7

    in_cloud(work)


def test_reads_do_not_see_what_is_not_on_disk_and_do_not_wait(in_cloud):
    async def work(cloud):
        gate, commit = threading.Event(), cloud.store.commit

        def slow(what):
            assert gate.wait(10)
            commit(what)

        cloud.store.commit = slow
        writing = asyncio.create_task(cloud.call("PUT", f"{NETS}/n1", NET))
        for _ in range(3):
            assert (await cloud.call("GET", f"{NETS}/n1"))[0] == 404
        assert not writing.done()
        gate.set()
        assert (await writing)[0] == 201
        assert (await cloud.call("GET", f"{NETS}/n1"))[0] == 200

    in_cloud(work)


def test_a_client_that_goes_away_leaves_memory_and_disk_in_step(in_cloud):
    async def work(cloud):
        gate, commit = threading.Event(), cloud.store.commit

        def slow(what):
            assert gate.wait(10)
            commit(what)

        cloud.store.commit = slow
        writing = asyncio.create_task(cloud.call("PUT", f"{NETS}/n1", NET))
        while not cloud.engine.disk.ahead.get(f"{NETS}/n1".lower()):
            await asyncio.sleep(0)
        writing.cancel()
        gate.set()
        await cloud.net("n2")
        assert (await cloud.call("GET", f"{NETS}/n1"))[0] == 200
        assert cloud.engine.revision == cloud.store.load()[0]

    in_cloud(work)


def test_a_store_that_fails_changes_nothing(in_cloud):
    async def work(cloud):
        commit = cloud.store.commit

        def fails_with(problem):
            def fails(what):
                raise problem

            return fails

        cloud.store.commit = fails_with(OSError("cannot reach the disk"))
        status, error, headers = await cloud.call("PUT", f"{NETS}/n1", NET)
        assert (status, error["error"]["code"]) == (503, "ServiceUnavailable") and headers["retry-after"] == "5"
        cloud.store.commit = fails_with(OSError(28, "No space left on device"))
        status, error, _ = await cloud.call("PUT", f"{NETS}/n1", NET)
        assert (status, error["error"]["code"]) == (507, "InsufficientStorage")
        assert error["error"]["message"].endswith("the disk of CLOISTER_HOME is full; free space and try again.")
        assert (await cloud.call("GET", f"{NETS}/n1"))[0] == 404
        cloud.store.commit = commit
        assert (await cloud.call("PUT", f"{NETS}/n1", NET))[0] == 201

    in_cloud(work)


def test_requests_from_inside_pass_the_same_gates(in_cloud):
    async def work(cloud):
        engine = cloud.engine
        put = await engine.perform("PUT", f"{NETS}/n1", caller=ME, api_version="2024-01-01", body=NET)
        assert put.status == 201 and json.loads(put.body)["name"] == "n1"
        again = await engine.perform("PUT", f"{NETS}/n1", caller=Caller(principal="x"), api_version="2024-01-01", body=NET)
        assert again.status == 403
        bad = await engine.perform("PUT", f"{NETS}/n1", caller=ME, api_version="2024-01-01", body=[1])
        assert (bad.status, json.loads(bad.body)["error"]["code"]) == (400, "InvalidRequestContent")
        for odd in (2**70, "\ud800", float("inf"), {1: 2}):
            body = {**NET, "properties": {"prefixes": [], "odd": odd}}
            bad = await engine.perform("PUT", f"{NETS}/n1", caller=ME, api_version="2024-01-01", body=body)
            assert (bad.status, json.loads(bad.body)["error"]["code"]) == (400, "InvalidRequestContent")
        assert await engine.finished(f"{NETS}/n1", 1.0) == ("Succeeded", "")
        cloud.loop.states[f"{NETS}/n1".lower()] = ("Updating", "")
        with pytest.raises(TimeoutError):
            await engine.finished(f"{NETS}/n1", 0.05)

    in_cloud(work)


def test_control_records_what_is_its_own(in_cloud):
    async def work(cloud):
        event = Event(time="t", operation="o", resource=f"{GROUP}/x", caller="c", status="Failed", text="why")
        await cloud.engine.record(documents={"d/1": {"a": [1]}}, events=[event])
        assert cloud.store.document("d/1") == {"a": [1]} and cloud.store.documents("d/") == {"d/1": {"a": [1]}}
        assert cloud.store.events(GROUP)[0] == event
        net = await cloud.net()
        row = cloud.engine.view().get(net["id"])
        await cloud.engine.record(put=[row.with_properties(size=9)], documents={"d/1": None})
        assert (await cloud.ok("GET", net["id"]))["properties"]["size"] == 9
        assert cloud.store.document("d/1") is None

    in_cloud(work)


def test_routes_come_before_resources(in_cloud):
    async def echo(engine, call):
        if call.parts.get("name") == "bad":
            raise ArmError(418, "Teapot", "cannot brew")
        return reply(
            200, {"parts": dict(call.parts), "body": call.body, "who": call.caller.principal, "raw": len(call.request.body)}
        )

    routes = (
        Route(method="GET", path="/Open/Door", permission="anonymous", handle=echo),
        Route(method="POST", path="{*scope}/things/{name}", permission="Test.Things/go/action", handle=echo),
        Route(method="POST", path="{*scope}/things/exact", permission="", handle=echo),
    )

    async def work(cloud):
        opened = await cloud.ok("GET", "/open//door", who="", version="")
        assert opened == {"parts": {}, "body": None, "who": "", "raw": 0}
        found = await cloud.ok("POST", f"{GROUP}/things/T1", b"{not: json}")
        assert found == {"parts": {"scope": GROUP, "name": "T1"}, "body": None, "who": OWNER, "raw": 11}
        assert (await cloud.ok("POST", "/things/EXACT", {"a": 1}))["body"] == {"a": 1}
        stranger = "99999999-9999-9999-9999-999999999999"
        assert (await cloud.call("POST", f"{GROUP}/things/T1", who=stranger))[0] == 403
        assert (await cloud.call("POST", f"{GROUP}/things/T1", who=""))[0] == 401
        assert (await cloud.call("POST", f"{GROUP}/things/T1", version=""))[0] == 400
        assert (await cloud.call("POST", f"{GROUP}/things/bad"))[0] == 418

    in_cloud(work, routes)
