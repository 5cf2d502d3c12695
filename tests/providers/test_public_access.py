"""The two public-access properties of a workspace in all combinations (docs/decisions/0002)."""

from __future__ import annotations

import itertools

import pytest
from small_cloud import NET, WS, SmallCloud, endpoint, run

NEWER, OLDER = "publicNetworkAccess", "allowPublicAccessWhenBehindVnet"
ABSENT = object()
NEWER_VALUES = (ABSENT, None, "Enabled", "Disabled", "disabled")
OLDER_VALUES = (ABSENT, None, True, False, "True", "False")


def body(newer: object, older: object) -> dict:
    return {name: value for name, value in ((NEWER, newer), (OLDER, older)) if value is not ABSENT}


def expected(before: bool, newer: object, older: object) -> bool:
    """The table of the decision record, written once more."""
    if newer not in (ABSENT, None):
        return str(newer).lower() == "enabled"
    if older not in (ABSENT, None):
        return str(older).lower() == "true"
    return before


async def public(cloud: SmallCloud) -> bool:
    shown = (await cloud.get(WS))["properties"]
    assert shown[OLDER] is (shown[NEWER] == "Enabled")
    form = "public" if shown[OLDER] else "private"
    assert shown["discoveryUrl"].endswith(f"/discovery/{form}")
    (service,) = cloud.intents(WS)
    assert service.public_access is shown[OLDER]
    return shown[OLDER]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_every_write_on_every_state(method):
    async def story():
        cloud = await SmallCloud().start()
        await cloud.workspace()
        now = await public(cloud)
        assert now is True
        writes = list(itertools.product(NEWER_VALUES, OLDER_VALUES))
        for newer, older in [*writes, *reversed(writes)]:
            answer = await cloud.ask(method, WS, {"location": "eastus2", "properties": body(newer, older)})
            assert answer.status == 200, answer
            now = expected(now, newer, older)
            assert await public(cloud) is now, (newer, older)

    run(story())


@pytest.mark.parametrize("newer", NEWER_VALUES)
@pytest.mark.parametrize("older", OLDER_VALUES)
def test_first_approved_connection_closes_what_nobody_decided(newer, older):
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace(**body(newer, older))
        before = await public(cloud)
        assert before is expected(True, newer, older)
        is_decided = newer not in (ABSENT, None) or older not in (ABSENT, None)
        await cloud.put(f"{NET}/privateEndpoints/pe", endpoint())
        assert await public(cloud) is (before if is_decided else False)
        assert sum("publicNetworkAccess" in event.text for event in cloud.store.log) == (0 if is_decided else 1)

    run(story())


def test_only_the_first_connection_closes_and_the_last_opens_nothing():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()
        first, second = (f"{NET}/privateEndpoints/{name}" for name in ("one", "two"))
        await cloud.put(first, endpoint(manual=True))
        assert await public(cloud)  # Pending closes nothing
        await cloud.put(second, endpoint())
        assert not await public(cloud)
        await cloud.ask("PATCH", WS, {"properties": {OLDER: "True"}})
        assert await public(cloud)
        await cloud.put(f"{NET}/privateEndpoints/three", endpoint())
        assert await public(cloud)
        await cloud.ask("PATCH", WS, {"properties": {NEWER: "Disabled"}})
        for name in (first, second, f"{NET}/privateEndpoints/three"):
            await cloud.delete(name)
        assert not await public(cloud)

    run(story())


def test_a_put_of_what_was_read_keeps_access():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()
        await cloud.put(f"{NET}/privateEndpoints/pe", endpoint())
        await cloud.put(WS, await cloud.get(WS))
        assert not await public(cloud)

    run(story())


def test_a_template_run_again_opens_nothing():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.workspace()
        await cloud.put(f"{NET}/privateEndpoints/pe", endpoint())
        await cloud.workspace()
        assert not await public(cloud)

    run(story())


def test_v1_legacy_mode_follows_the_version_that_made_the_workspace():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        made = {"location": "eastus2", "properties": {}}
        for api, legacy in (("2021-01-01", True), ("2022-05-01", False)):
            name = f"w{api}"
            ws = WS.replace("/ws1", f"/{name}")
            await cloud.put(ws, made, api=api)
            assert (await cloud.get(ws))["properties"]["v1LegacyMode"] is False
            await cloud.put(f"{NET}/privateEndpoints/{name}", endpoint(target=ws))
            assert (await cloud.get(ws))["properties"]["v1LegacyMode"] is legacy
            await cloud.ask("PATCH", ws, {"properties": {"v1LegacyMode": not legacy}})
            await cloud.put(ws, made, api=api)
            assert (await cloud.get(ws))["properties"]["v1LegacyMode"] is (not legacy)

    run(story())
