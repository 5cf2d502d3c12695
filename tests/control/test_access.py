"""Who may do what: tokens, role assignments, role definitions, custom roles."""

from __future__ import annotations

from tests.control.fake_cloud import GROUP, OWNER, SUB

READER, CONTRIBUTOR = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "b24988ac-6180-42a0-ab88-20f7382dd24c"
SOMEBODY = "77777777-7777-7777-7777-777777777777"
ASSIGNMENT = "88888888-8888-8888-8888-888888888888"
NET = f"{GROUP}/providers/Test.Net/nets/n1"


async def give(cloud, role, scope, who=SOMEBODY, name=ASSIGNMENT):
    body = {
        "properties": {"roleDefinitionId": f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{role}", "principalId": who}
    }
    return await cloud.call("PUT", f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}", body)


def test_no_token_and_bad_tokens(in_cloud):
    async def work(cloud):
        for headers, code in (({}, "AuthenticationFailed"), ({"authorization": "Basic x"}, "AuthenticationFailed")):
            status, error, answered = await cloud.call("GET", GROUP, who="", **headers)
            assert (status, error["error"]["code"]) == (401, code) and "www-authenticate" in answered
        status, error, answered = await cloud.call("GET", GROUP, who="expired")
        assert (status, error["error"]["code"]) == (401, "ExpiredAuthenticationToken") and "www-authenticate" in answered

    in_cloud(work)


def test_a_stranger_is_refused_in_azures_words(in_cloud):
    async def work(cloud):
        status, error, _ = await cloud.call("GET", NET, who=SOMEBODY)
        assert (status, error["error"]["code"]) == (403, "AuthorizationFailed")
        assert error["error"]["message"] == (
            f"The client 'app-{SOMEBODY}' with object id '{SOMEBODY}' does not have authorization to perform action "
            f"'Test.Net/nets/read' over scope '{NET}' or the scope is invalid. If access was recently granted, please refresh "
            "your credentials."
        )
        assert (await cloud.ok("GET", "/subscriptions", who=SOMEBODY))["value"] == []
        assert (await cloud.call("GET", SUB, who=SOMEBODY))[0] == 404
        assert (await cloud.call("GET", f"{SUB}/resources", who=SOMEBODY))[0] == 403

    in_cloud(work)


def test_a_reader_reads_and_does_not_write(in_cloud):
    async def work(cloud):
        await cloud.net()
        status, given, _ = await give(cloud, READER, GROUP)
        assert status == 201 and given["properties"]["scope"] == GROUP
        assert (await cloud.call("GET", NET, who=SOMEBODY))[0] == 200
        assert (await cloud.call("GET", f"{GROUP}/providers/Test.Net/nets", who=SOMEBODY))[0] == 200
        assert len((await cloud.ok("GET", f"{SUB}/resources", who=SOMEBODY))["value"]) == 1
        assert len((await cloud.ok("GET", "/subscriptions", who=SOMEBODY))["value"]) == 1
        for method in ("PUT", "PATCH", "DELETE"):
            assert (await cloud.call(method, NET, {}, who=SOMEBODY))[0] == 403
        assert (await cloud.call("POST", f"{GROUP}/providers/Test.App/servers/s1/listKeys", who=SOMEBODY))[0] == 403

    in_cloud(work)


def test_who_has_a_role_in_one_group_sees_that_groups_in_listings_of_the_subscription(in_cloud):
    async def work(cloud):
        await cloud.net()
        other = f"{SUB}/resourceGroups/other"
        await cloud.ok("PUT", other, {"location": "eastus"})
        await cloud.ok("PUT", f"{other}/providers/Test.Net/nets/n2", {"location": "eastus", "properties": {"prefixes": []}})

        async def seen(path, who=SOMEBODY):
            return sorted(row["name"] for row in (await cloud.ok("GET", path, who=who))["value"])

        for listing in (f"{SUB}/providers/Test.Net/nets", f"{SUB}/resourceGroups"):
            assert (await cloud.call("GET", listing, who=SOMEBODY))[0] == 403
        await give(cloud, READER, GROUP)
        assert await seen(f"{SUB}/providers/Test.Net/nets") == ["n1"]
        assert await seen(f"{SUB}/resourceGroups") == [GROUP.rsplit("/", 1)[-1]]
        assert await seen(f"{SUB}/providers/Test.Net/nets", OWNER) == ["n1", "n2"]  # whoever asked before
        assert await seen(f"{SUB}/providers/Test.Net/nets") == ["n1"]
        assert (await cloud.call("GET", f"{other}/providers/Test.Net/nets", who=SOMEBODY))[0] == 403

    in_cloud(work)


def test_a_contributor_writes_and_gives_nobody_rights(in_cloud):
    async def work(cloud):
        await give(cloud, CONTRIBUTOR, GROUP)
        body = {"location": "eastus", "properties": {"prefixes": []}}
        assert (await cloud.call("PUT", NET, body, who=SOMEBODY))[0] == 201
        role = {"properties": {"roleDefinitionId": f"/x/{READER}", "principalId": SOMEBODY}}
        path = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{OWNER}"
        assert (await cloud.call("PUT", path, role, who=SOMEBODY))[0] == 403
        await cloud.ok("DELETE", f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{ASSIGNMENT}")
        assert (await cloud.call("GET", NET, who=SOMEBODY))[0] == 403

    in_cloud(work)


def test_assignments_are_checked(in_cloud):
    async def work(cloud):
        assert (await give(cloud, OWNER, GROUP))[1]["error"]["code"] == "RoleDefinitionDoesNotExist"
        await give(cloud, READER, GROUP)
        assert (await give(cloud, READER, GROUP, name=SOMEBODY))[1]["error"]["code"] == "RoleAssignmentExists"
        assert (await give(cloud, CONTRIBUTOR, GROUP))[1]["error"]["code"] == "RoleAssignmentUpdateNotPermitted"
        assert (await give(cloud, READER, GROUP))[0] == 201
        assert (await give(cloud, READER, f"{GROUP}/providers/Test.Net/nets/none"))[1]["error"][
            "code"
        ] == "ParentResourceNotFound"

    in_cloud(work)


def test_listings_of_roles(in_cloud):
    async def work(cloud):
        listed = f"{GROUP}/providers/Microsoft.Authorization"
        found = await cloud.ok("GET", f"{listed}/roleDefinitions", query={"$filter": "roleName eq 'Network Contributor'"})
        (role,) = found["value"]
        assert role["name"] == "4d97b98b-1d4f-4787-a291-c67834d212e7" and role["id"].startswith(f"{SUB}/providers/")
        assert await cloud.ok("GET", role["id"]) == role
        assert (await cloud.call("GET", f"{listed}/roleDefinitions/{OWNER}"))[0] == 404
        await give(cloud, READER, GROUP)
        assert len((await cloud.ok("GET", f"{listed}/roleAssignments"))["value"]) == 2  # the owner's is above
        query = {"$filter": f"atScope() and assignedTo('{SOMEBODY}')"}
        (mine,) = (await cloud.ok("GET", f"{listed}/roleAssignments", query=query))["value"]
        assert mine["name"] == ASSIGNMENT and mine == await cloud.ok("GET", mine["id"])
        assert (await cloud.call("GET", f"{listed}/roleAssignments", query={"$filter": "x ge 1"}))[0] == 400

    in_cloud(work)


def test_custom_roles(in_cloud):
    async def work(cloud):
        path = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{SOMEBODY}"
        body = {
            "properties": {"roleName": "Net reader", "assignableScopes": [SUB], "permissions": [{"actions": ["Test.Net/*/read"]}]}
        }
        made = await cloud.ok("PUT", path, body)
        assert made["properties"]["type"] == "CustomRole" and made["properties"]["permissions"][0]["notActions"] == []
        assert (await cloud.call("PUT", f"{path[:-1]}8", body))[1]["error"]["code"] == "RoleDefinitionWithSameNameExists"
        await give(cloud, SOMEBODY, GROUP)
        await cloud.net()
        assert (await cloud.call("GET", NET, who=SOMEBODY))[0] == 200
        assert (await cloud.call("PATCH", NET, {}, who=SOMEBODY))[0] == 403
        assert (await cloud.call("DELETE", path))[1]["error"]["code"] == "RoleDefinitionHasAssignments"
        listed = await cloud.ok("GET", f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions")
        assert made["name"] in [role["name"] for role in listed["value"]]
        builtin = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
        assert (await cloud.call("PUT", builtin, body))[0] == 403

    in_cloud(work)


def test_the_activity_log_keeps_refused_writes(in_cloud):
    async def work(cloud):
        await cloud.group()
        await cloud.ok("PUT", f"{GROUP}/providers/Microsoft.Authorization/locks/l", {"properties": {"level": "CanNotDelete"}})
        assert (await cloud.call("DELETE", GROUP))[0] == 409
        stranger = "bbbbbbbb-0000-0000-0000-00000000000f"
        assert (await cloud.call("DELETE", GROUP, who=stranger))[0] == 403
        assert (await cloud.call("GET", GROUP, who=stranger))[0] == 403
        path = f"{SUB}/providers/microsoft.insights/eventtypes/management/values"
        kept = await cloud.ok("GET", path, query={"$filter": "status eq 'Failed'"})
        told = [(entry["operationName"]["value"].rsplit("/", 1)[-1], entry["description"].split()[0]) for entry in kept["value"]]
        assert told == [("delete", "(AuthorizationFailed)"), ("delete", "(ScopeLocked)")]
        assert kept["value"][0]["level"] == "Error" and kept["value"][0]["resourceId"].lower() == GROUP.lower()

    in_cloud(work)
