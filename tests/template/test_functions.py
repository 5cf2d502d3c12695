"""Every function of the language: input, output. Values that Azure's own pages print are taken as they stand there."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

import pytest

from cloister.arm.template.context import Budget
from cloister.arm.template.errors import ExpressionError, TemplateError
from cloister.arm.template.evaluator import Frame, Loop, functions_of, resolved
from cloister.arm.template.functions import CHAPTERS, TABLE, lookup
from cloister.arm.template.functions.hashes import template_hash
from cloister.arm.template.lexer import is_expression
from cloister.arm.template.parser import parse
from tests.template.bench_frame import GROUP_ID, IN_MANAGEMENT_GROUP, IN_SUBSCRIPTION, IN_TENANT, S1, S2, Known, context, value

NET = f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks"
MANAGEMENT = "Microsoft.Management/managementGroups"
ROLES = "Microsoft.Authorization/roleDefinitions"
OTHER = "resourceGroups/other/providers/Microsoft.Network/virtualNetworks/v"

ROWS: list[tuple[str, Any]] = [
    # strings
    ("base64('one, two, three')", "b25lLCB0d28sIHRocmVl"),
    ("base64ToString('b25lLCB0d28sIHRocmVl')", "one, two, three"),
    ("base64ToJson(base64('{''one'': ''a'', ''two'': ''b''}'))", {"one": "a", "two": "b"}),
    ("concat('prefix', '-', 5, true())", "prefix-5True"),
    ("concat(createArray('1-1'), createArray('2-1', 2))", ["1-1", "2-1", 2]),
    ("dataUri('Hello')", "data:text/plain;charset=utf8;base64,SGVsbG8="),
    ("dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')", "Hello, World!"),
    ("dataUriToString('data:text/plain,a%20b')", "a b"),
    ("startsWith('abcdef', 'AB')", True),
    ("startsWith('abcdef', 'e')", False),
    ("endsWith('abcdef', 'F')", True),
    ("endsWith('abcdef', 'e')", False),
    ("format('{0}, {1}. Formatted number: {2:N0}', 'Hello', 'User', 8175133)", "Hello, User. Formatted number: 8,175,133"),
    ("format('{0:D3}-{0,5}-{0,-5}|{{x}}', 7)", "007-    7-7    |{x}"),
    ("format('{0:X4} {1:x} {2:F1} {3:00.##} {4:P0} {5:E2}', 255, 255, 3, 5, 1, 12345)", "00FF ff 3.0 05 100 % 1.23E+004"),
    ("format('{0} {1}', createArray(1), true())", "[1] True"),
    ("format('{0:#,##0;(#,##0)}', -1234)", "(1,234)"),
    ("guid('a', 'b', 'c')", str(uuid5(UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830"), "a-b-c"))),
    ("join(createArray('one', 'two', 3), ',')", "one,two,3"),
    ("padLeft('123', 10, '0')", "0000000123"),
    ("padLeft(5, 3)", "  5"),
    ("replace('123-123-1234', '-', '')", "1231231234"),
    ("replace('123-123-1234', '1234', 'xxxx')", "123-123-xxxx"),
    ("split('one,two,three', ',')", ["one", "two", "three"]),
    ("split('one;two,three', createArray(',', ';'))", ["one", "two", "three"]),
    ("string(createObject('valueA', 10, 'valueB', 'Example Text'))", '{"valueA":10,"valueB":"Example Text"}'),
    ("string(createArray('a', 'b', 'c'))", '["a","b","c"]'),
    ("string(5)", "5"),
    ("string(true())", "True"),
    ("substring('one two three', 4, 3)", "two"),
    ("substring('abc', 1)", "bc"),
    ("toLower('One Two Three')", "one two three"),
    ("toUpper('One Two Three')", "ONE TWO THREE"),
    ("trim('    one two three   ')", "one two three"),
    ("uniqueString('tyeth')", "zcztcwvu6iyg6"),
    ("uniqueString('hello', 'world')", "a7wkljktk6wne"),
    ("uniqueString('/subscriptions/00000000-0000-0000-0000-000000000000', 'resource-id')", "cwvxuqg24sifi"),
    (
        "uniqueString('/subscriptions/31e9f9a0-9fd2-4294-a0a3-0101246d9700/resourceGroups/rg-modm201-20230913120256"
        "/providers/Microsoft.Compute/virtualMachines/bobjacmodm201')",
        "yvjxno3je5on2",
    ),
    ("uri('http://contoso.org/firstpath', 'myscript.sh')", "http://contoso.org/myscript.sh"),
    ("uri('http://contoso.org/firstpath/', 'myscript.sh')", "http://contoso.org/firstpath/myscript.sh"),
    ("uri('http://contoso.org/first/azuredeploy.json', 'nested/a.json')", "http://contoso.org/first/nested/a.json"),
    ("uriComponent('http://contoso.com/nested/a b.json')", "http%3A%2F%2Fcontoso.com%2Fnested%2Fa%20b.json"),
    ("uriComponentToString('http%3A%2F%2Fcontoso.com%2Fresources')", "http://contoso.com/resources"),
    (
        "parseUri('https://example.org:8443/a/b?c=d')",
        {"scheme": "https", "host": "example.org", "port": 8443, "path": "/a/b", "query": "?c=d"},
    ),
    ("buildUri(createObject('scheme', 'https', 'host', 'example.org', 'port', 8443, 'path', 'a', 'query', 'c=d'))", "https://example.org:8443/a?c=d"),
    # arrays
    ("array(1)", [1]),
    ("array('efgh')", ["efgh"]),
    ("array(createObject('a', 'b'))", [{"a": "b"}]),
    ("array(createArray(1, 2))", [1, 2]),
    ("contains('OneTwoThree', 'e')", True),
    ("contains('OneTwoThree', 'z')", False),
    ("contains(createObject('one', 'a'), 'ONE')", True),
    ("contains(createArray('one', createObject('a', 1)), createObject('a', 1))", True),
    ("contains(createArray('one'), 'One')", False),
    ("contains(createArray(1, true()), 1)", True),
    ("createArray()", []),
    ("createArray(1, 'a', createArray(2))", [1, "a", [2]]),
    ("empty(createArray())", True),
    ("empty(createObject())", True),
    ("empty('')", True),
    ("empty(null())", True),
    ("empty('a')", False),
    ("first(createArray('one', 'two'))", "one"),
    ("first('One Two')", "O"),
    ("first('')", ""),
    ("first(createArray())", None),
    ("last(createArray('one', 'two'))", "two"),
    ("last('One Two')", "o"),
    ("flatten(createArray(createArray('a'), createArray('b', 'c')))", ["a", "b", "c"]),
    ("indexOf('test', 't')", 0),
    ("indexOf('abcdef', 'CD')", 2),
    ("indexOf('abcdef', 'z')", -1),
    ("indexOf(createArray('a', 'b', 'a'), 'a')", 0),
    ("lastIndexOf('test', 't')", 3),
    ("lastIndexOf(createArray('a', 'b', 'a'), 'a')", 2),
    ("indexFromEnd(createArray(1, 2, 3), 1)", 3),
    ("tryIndexFromEnd(createArray(1, 2, 3), 4)", None),
    ("intersection(createArray('one', 'two', 'three'), createArray('two', 'three'))", ["two", "three"]),
    (
        "intersection(createObject('one', 'a', 'two', 'b', 'three', 'c'), createObject('one', 'a', 'two', 'z', 'three', 'c'))",
        {"one": "a", "three": "c"},
    ),
    ("length(createArray('one', 'two', 'three'))", 3),
    ("length('One Two Three')", 13),
    ("length(createObject('a', 1))", 1),
    ("max(createArray(0, 3, 2, 5, 4))", 5),
    ("max(0, 3, 2)", 3),
    ("min(createArray(0, 3, 2, 5, 4))", 0),
    ("min(7, 3)", 3),
    ("range(5, 3)", [5, 6, 7]),
    ("range(1, 0)", []),
    ("skip(createArray('one', 'two', 'three'), 2)", ["three"]),
    ("skip('one two three', 4)", "two three"),
    ("skip('abc', -1)", "abc"),
    ("take(createArray('one', 'two', 'three'), 2)", ["one", "two"]),
    ("take('one two three', 2)", "on"),
    ("take('ab', 9)", "ab"),
    ("union(createArray('one', 'two', 'three'), createArray('three', 'four'))", ["one", "two", "three", "four"]),
    (
        "union(createObject('one', 'a', 'two', 'b', 'three', 'c1'), createObject('three', 'c2', 'four', 'd'))",
        {"one": "a", "two": "b", "three": "c2", "four": "d"},
    ),
    ("union(json('{\"a\":{\"x\":1,\"l\":[1]}}'), json('{\"a\":{\"y\":2,\"l\":[2]}}'))", {"a": {"x": 1, "l": [2], "y": 2}}),
    # objects
    ("createObject('intProp', 1, 'array', createArray('a'))", {"intProp": 1, "array": ["a"]}),
    ("items(createObject('b', 2, 'a', 1))", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ("objectKeys(createObject('b', 2, 'a', 1))", ["a", "b"]),
    ("json('{\"a\": \"b\"}')", {"a": "b"}),
    ("json('null')", None),
    ("json('true')", True),
    ("json('\"text\"')", "text"),
    ("null()", None),
    ("shallowMerge(json('[{\"a\": {\"x\": 1}}, {\"a\": {\"y\": 2}}]'))", {"a": {"y": 2}}),
    ("tryGet(createObject('a', createArray(1, 2)), 'A', 1)", 2),
    ("tryGet(createObject('a', 1), 'b')", None),
    ("tryGet(createArray(1), 5)", None),
    # comparison and logic
    ("coalesce(null(), null(), '')", ""),
    ("coalesce(null(), 1, 2)", 1),
    ("coalesce(null())", None),
    ("equals(1, 1)", True),
    ("equals('a', 'A')", False),
    ("equals(createObject('a', createArray(1)), createObject('a', createArray(1)))", True),
    ("equals(1, true())", False),
    ("greater(2, 1)", True),
    ("greater('a', 'b')", False),
    ("greaterOrEquals('A', 'a')", False),
    ("greaterOrEquals(1, 1)", True),
    ("less(1, 2)", True),
    ("lessOrEquals(2, 2)", True),
    ("and(true(), false())", False),
    ("and(bool('true'), bool(1))", True),
    ("and(false(), fail('not asked'))", False),
    ("or(true(), fail('not asked'))", True),
    ("or(false(), false())", False),
    ("not(false())", True),
    ("bool('True')", True),
    ("bool(0)", False),
    ("bool('0')", False),
    ("true()", True),
    ("false()", False),
    ("if(true(), 'yes', fail('not asked'))", "yes"),
    ("if(equals('a', 'b'), fail('not asked'), 'no')", "no"),
    # numbers
    ("add(5, 3)", 8),
    ("sub(7, 3)", 4),
    ("mul(5, 3)", 15),
    ("div(8, 3)", 2),
    ("div(-8, 3)", -2),
    ("mod(7, 3)", 1),
    ("mod(-7, 3)", -1),
    ("int('4')", 4),
    ("int('-12')", -12),
    ("float('3.0')", 3.0),
    ("float(3)", 3.0),
    # dates
    ("dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y')", "4/7/2023 2:53:14 PM"),
    ("dateTimeAdd('2020-04-07 14:53:14Z', '-P9D')", "3/29/2020 2:53:14 PM"),
    ("dateTimeAdd('2020-04-07 14:53:14Z', 'PT1H')", "4/7/2020 3:53:14 PM"),
    ("dateTimeAdd('2020-04-07T14:53:14+02:00', 'PT30M', 'yyyy-MM-ddTHH:mm:ssZ')", "2020-04-07T13:23:14Z"),
    ("dateTimeAdd('20240229T140509Z', 'P1W', 'o')", "2024-03-07T14:05:09.0000000Z"),
    ("dateTimeFromEpoch(1683040573)", "2023-05-02T15:16:13Z"),
    ("dateTimeToEpoch('2023-05-02T15:16:13Z')", 1683040573),
    # networks
    (
        "parseCidr('10.144.0.0/20')",
        {
            "network": "10.144.0.0",
            "netmask": "255.255.240.0",
            "broadcast": "10.144.15.255",
            "firstUsable": "10.144.0.1",
            "lastUsable": "10.144.15.254",
            "cidr": 20,
        },
    ),
    ("cidrSubnet('10.144.0.0/20', 24, 0)", "10.144.0.0/24"),
    ("cidrSubnet('10.144.0.0/20', 24, 15)", "10.144.15.0/24"),
    ("cidrSubnet('fdad:3236:5555::/48', 52, 1)", "fdad:3236:5555:1000::/52"),
    ("cidrHost('10.144.3.0/24', 0)", "10.144.3.1"),
    ("cidrHost('10.144.3.0/24', 253)", "10.144.3.254"),
    # lambdas
    ("filter(createArray(1, 5, 9), lambda('x', greater(lambdaVariables('x'), 3)))", [5, 9]),
    ("filter(createArray('a', 'b', 'c'), lambda('x', 'i', equals(mod(lambdaVariables('i'), 2), 0)))", ["a", "c"]),
    ("map(createArray('a', 'b'), lambda('x', concat(lambdaVariables('x'), '!')))", ["a!", "b!"]),
    ("map(createArray('a', 'b'), lambda('x', 'i', format('{0}{1}', lambdaVariables('x'), lambdaVariables('i'))))", ["a0", "b1"]),
    (
        "map(range(0, 2), lambda('x', map(range(0, 2), lambda('y', add(lambdaVariables('x'), lambdaVariables('y'))))))",
        [[0, 1], [1, 2]],
    ),
    ("reduce(createArray(1, 2, 3), 10, lambda('sum', 'x', add(lambdaVariables('sum'), lambdaVariables('x'))))", 16),
    ("sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))", [1, 2, 3]),
    ("toObject(createArray('a', 'b'), lambda('x', concat('k', lambdaVariables('x'))))", {"ka": "a", "kb": "b"}),
    (
        "toObject(createArray('a', 'b'), lambda('x', lambdaVariables('x')), lambda('x', toUpper(lambdaVariables('x'))))",
        {"a": "A", "b": "B"},
    ),
    (
        "groupBy(createArray('foo', 'bar', 'baz'), lambda('x', substring(lambdaVariables('x'), 0, 1)))",
        {"f": ["foo"], "b": ["bar", "baz"]},
    ),
    ("mapValues(createObject('a', 1, 'b', 2), lambda('x', mul(lambdaVariables('x'), 2)))", {"a": 2, "b": 4}),
    # scopes and the deployment
    ("resourceGroup().location", "eastus2"),
    ("resourceGroup().id", GROUP_ID),
    ("subscription().subscriptionId", S1),
    ("tenant().tenantId", "tenant-guid"),
    ("deployment().name", "main"),
    ("deployer().objectId", "me"),
    ("environment().suffixes.storage", "core.windows.net"),
    ("environment().authentication.audiences[1]", "https://management.azure.com/"),
    # resources
    ("resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')", f"{NET}/v/subnets/s"),
    ("resourceId('other', 'Microsoft.Network/virtualNetworks', 'v')", f"/subscriptions/{S1}/{OTHER}"),
    (f"resourceId('{S2}', 'other', 'Microsoft.Network/virtualNetworks', 'v')", f"/subscriptions/{S2}/{OTHER}"),
    ("resourceId('Microsoft.Resources/resourceGroups', 'x')", f"/subscriptions/{S1}/resourceGroups/x"),
    (f"subscriptionResourceId('{ROLES}', 'r')", f"/subscriptions/{S1}/providers/{ROLES}/r"),
    (f"subscriptionResourceId('{S2}', '{ROLES}', 'r')", f"/subscriptions/{S2}/providers/{ROLES}/r"),
    ("tenantResourceId('Microsoft.Authorization/roleDefinitions', 'r')", "/providers/Microsoft.Authorization/roleDefinitions/r"),
    (f"managementGroupResourceId('m', '{ROLES}', 'p')", f"/providers/{MANAGEMENT}/m/providers/{ROLES}/p"),
    (
        "extensionResourceId(resourceId('Microsoft.Storage/storageAccounts', 's'), 'Microsoft.Authorization/locks', 'l')",
        f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/s/providers/Microsoft.Authorization/locks/l",
    ),
    ("reference(resourceId('Microsoft.Storage/storageAccounts', 's'), '2023-01-01').of", "s"),
    ("reference(resourceId('Microsoft.Storage/storageAccounts', 's'), '2023-01-01', 'Full').location", "eastus2"),
    ("listKeys(resourceId('Microsoft.Storage/storageAccounts', 's'), '2023-01-01').keys[0].value", "listKeys s 2023-01-01 "),
    ("listSas('/subscriptions/x/providers/a.b/c/s', '1', createObject('a', 1)).keys[0].value", 'listSas s 1 {"a":1}'),
    ("list('/subscriptions/x/resourceGroups/y/providers/a.b/c/s', '1').keys[0].value", "list s 1 "),
    ("providers('Microsoft.Test', 'things').apiVersions[0]", "2024-01-01"),
    ("providers('Microsoft.Test').namespace", "Microsoft.Test"),
    ("pickZones('Microsoft.Test', 'things', 'eastus2')", ["1"]),
    ("pickZones('Microsoft.Test', 'things', 'eastus2', 2, 1)", ["2", "3"]),
    ("pickZones('Microsoft.Test', 'things', 'westus')", []),
    ("toPhysicalZone('s', 'West US 2', '1')", "westus2-az1"),
    ("toPhysicalZones('s', 'westus2', createArray('1', ''))", ["westus2-az1", ""]),
    ("toLogicalZone('s', 'westus2', 'westus2-az3')", "3"),
    ("toLogicalZones('s', 'westus2', createArray('westus2-az2'))", ["2"]),
]  # fmt: skip

BAD: list[tuple[str, str]] = [
    ("base64ToString('%')", "base64"),
    ("base64ToJson(base64('{'))", "JSON"),
    ("concat('a', createArray())", "array"),
    ("concat(createObject())", "Object"),
    ("toLower(5)", "string"),
    ("substring('one', 0, 10)", "the index and length parameters must refer to a location within the string"),
    ("replace('a', '', 'b')", "must not be empty"),
    ("format('{1}', 'a')", "only 1"),
    ("format('{', 'a')", "brace"),
    ("guid(1)", "strings"),
    ("padLeft('a', 3, 'xy')", "one character"),
    ("padLeft('a', 100000000000)", "width"),
    ("newGuid()", "not expected at this location"),
    ("utcNow()", "not expected at this location"),
    ("copyIndex()", "not expected at this location"),
    ("fail('because')", "because"),
    ("uri('x', 'y')", "absolute"),
    ("first(5)", "array or a string"),
    ("max(createArray())", "at least one"),
    ("min('a', 'b')", "whole number"),
    ("range(0, 10001)", "10000"),
    ("range(2147483647, 1)", "2147483647"),
    ("union(createArray(), createObject())", "only arrays or only objects"),
    ("createObject('a')", "pairs"),
    ("items(5)", "object"),
    ("json('{')", "JSON"),
    ("indexFromEnd(createArray(1), 2)", "out of bounds"),
    ("less(1, 'a')", "compares"),
    ("if('a', 1, 2)", "boolean"),
    ("not(1)", "boolean"),
    ("bool('maybe')", "boolean"),
    ("add(9223372036854775807, 1)", "64 bits"),
    ("mul(9223372036854775807, 2)", "64 bits"),
    ("div(1, 0)", "zero"),
    ("mod(1, 0)", "zero"),
    ("int('4.5')", "whole number"),
    ("float('many')", "number"),
    ("dateTimeAdd('yesterday', 'P1D')", "ISO 8601"),
    ("dateTimeAdd('2020-01-01', 'P')", "duration"),
    ("dateTimeAdd('9999-12-31', 'P9D')", "years"),
    ("dateTimeFromEpoch(9223372036854775807)", "years"),
    ("parseCidr('10.0.0.0')", "range"),
    ("cidrSubnet('10.0.0.0/24', 20, 0)", "prefix length"),
    ("cidrSubnet('10.0.0.0/24', 26, 4)", "index"),
    ("cidrHost('10.0.0.0/24', 254)", "usable"),
    ("map(createArray(1), 'x')", "lambda"),
    ("lambda('x', 1)", "not expected"),
    ("lambdaVariables('x')", "not found"),
    ("map(createArray(1), lambda('a', 'b', 'c', 1))", "argument(s)"),
    ("filter(createArray(1), lambda('x', 'text'))", "boolean"),
    ("resourceId('storageAccounts', 's')", "multi-segmented"),
    ("resourceId('Microsoft.Network/virtualNetworks/subnets', 'v')", "requires '2' resource name argument(s)"),
    ("reference('nowhere')", "is not defined in the template"),
    ("references('nowhere')", "is not defined in the template"),
    ("resourceInfo('nowhere')", "is not defined in the template"),
    ("providers('Microsoft.Absent')", "no provider"),
    ("managementGroup()", "management group"),
    ("toLogicalZone('s', 'westus2', 'somewhere')", "physical zone"),
    ("parameters('x')", "The template parameter 'x' is not found"),
    ("variables('x')", "The template variable 'x' is not found"),
    ("createArray(1)[1]", "array index '1' is out of bounds"),
    ("createArray(1)['a']", "whole number"),
    ("createObject('a', 1).b", "The language expression property 'b' doesn't exist, available properties are 'a'"),
    ("string(1).length", "not 'Object'"),
    ("nosuch()", "The template function 'nosuch' is not valid."),
    ("toLower()", "function requires 1 argument(s) while '0' were provided"),
    ("toLower('a', 'b')", "function requires 1 argument(s) while '2' were provided"),
    ("concat()", "at least 1"),
]  # fmt: skip

ELSEWHERE = {"newguid", "utcnow", "copyindex", "parameters", "variables", "references", "resourceinfo", "managementgroup"}
"""Functions whose tables stand further down or in test_language."""


@pytest.mark.parametrize(("expression", "expected"), ROWS, ids=[row[0][:60] for row in ROWS])
def test_value(expression, expected):
    found = value(expression)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(("expression", "words"), BAD, ids=[row[0][:60] for row in BAD])
def test_refused(expression, words):
    with pytest.raises(ExpressionError) as caught:
        value(expression)
    assert words in caught.value.message


def test_every_function_has_a_row():
    used = {call.name.casefold() for expression, _ in ROWS for call in functions_of(parse(f"[{expression}]"))}
    missing = set(TABLE) - used - ELSEWHERE
    assert not missing
    assert sum(len(table) for table in CHAPTERS.values()) == len(TABLE), "a name stands in two chapters"


def test_names_have_no_case():
    assert value("CONCAT('a', ToUpper('b'))") == "aB"
    assert lookup("LISTKEYS") is not None and lookup("lizard") is None


def test_scopes_decide_what_a_resource_id_is():
    network = "resourceId('Microsoft.Network/virtualNetworks', 'v')"
    assert value(network, IN_SUBSCRIPTION) == f"/subscriptions/{S1}/providers/Microsoft.Network/virtualNetworks/v"
    assert value(network, IN_TENANT) == "/providers/Microsoft.Network/virtualNetworks/v"
    assert value(network, IN_MANAGEMENT_GROUP).startswith("/providers/Microsoft.Management/managementGroups/mg/providers/")
    assert value(f"resourceId('{S2}', 'Microsoft.Network/virtualNetworks', 'v')", IN_SUBSCRIPTION).startswith(
        f"/subscriptions/{S2}/providers"
    )
    assert value("managementGroup().name", IN_MANAGEMENT_GROUP) == "mg"
    for call in ("resourceGroup()", "subscription()"):
        with pytest.raises(ExpressionError):
            value(call, IN_TENANT)
    with pytest.raises(ExpressionError):
        value("resourceGroup()", IN_SUBSCRIPTION)
    with pytest.raises(ExpressionError):
        value("subscriptionResourceId('Microsoft.A/b', 'c')", IN_TENANT)


def test_copy_index():
    outer, inner = Loop("outer", 2), Loop("inner", 7, inner=True)
    assert value("copyIndex()", loops=(outer,)) == 2
    assert value("copyIndex(1)", loops=(outer,)) == 3
    assert value("copyIndex('outer', 10)", loops=(outer, inner)) == 12
    assert value("copyIndex('INNER')", loops=(outer, inner)) == 7
    assert value("copyIndex()", loops=(outer, inner)) == 2, "without a name it means the resource's own loop"
    assert value("copyIndex()", loops=(inner,)) == 7
    with pytest.raises(ExpressionError):
        value("copyIndex('other')", loops=(outer,))


DATES = [
    ("", "20240229T140509Z"), ("d", "2/29/2024"), ("D", "Thursday, February 29, 2024"), ("t", "2:05 PM"), ("T", "2:05:09 PM"),
    ("g", "2/29/2024 2:05 PM"), ("G", "2/29/2024 2:05:09 PM"), ("s", "2024-02-29T14:05:09"), ("u", "2024-02-29 14:05:09Z"),
    ("r", "Thu, 29 Feb 2024 14:05:09 GMT"), ("o", "2024-02-29T14:05:09.1234560Z"), ("M", "February 29"), ("y", "February 2024"),
    ("M-d", "2-29"), ("yyyy-MM-dd HH:mm:ss", "2024-02-29 14:05:09"),
    ("yy MMM ddd h tt", "24 Feb Thu 2 PM"), ("''at'' HH\\h", "at 14h"),
    ("%d", "29"), ("fff", "123"), ("zzz", "+00:00"),
]  # fmt: skip


@pytest.mark.parametrize(("style", "expected"), DATES)
def test_utc_now_in_dot_net_formats(style, expected):
    assert value(f"utcNow('{style}')" if style else "utcNow()", defaults=True) == expected


def test_new_guid_counts():
    shared = context()
    frame = Frame(shared, lookup, defaults=True)
    assert resolved("[newGuid()]", frame) != resolved("[newGuid()]", frame)


def test_template_hash_is_a_number():
    assert template_hash('{"a":1}').isdigit() and template_hash('{"a":1}') == template_hash('{"A":1}')


BOMBS = [
    "concat(padLeft('a', 1000000), padLeft('a', 1000000))",
    "replace(padLeft('a', 100000, 'a'), 'a', padLeft('b', 100000))",
    "format('{0,900000}{0,900000}', 1)",
    "map(range(0, 10000), lambda('x', range(0, 10000)))",
    "map(range(0, 10000), lambda('x', map(range(0, 10000), lambda('y', 1))))",
    "reduce(range(0, 100), createArray(1), lambda('s', 'x', createArray(lambdaVariables('s'), lambdaVariables('s'))))",
    "reduce(range(0, 10000), '', lambda('s', 'x', string(createArray(lambdaVariables('s'), lambdaVariables('s')))))",
]


@pytest.mark.parametrize("expression", BOMBS)
def test_small_text_cannot_make_a_huge_value(expression):
    with pytest.raises(TemplateError) as caught:
        resolved(f"[{expression}]", Frame(context(budget=Budget(20_000)), lookup))
    assert caught.value.message


def test_is_expression():
    assert is_expression("[a()]") and not is_expression("[[a()]") and not is_expression("[a()") and not is_expression("a]")
    assert Known().reference("/a/b", "1", True)["location"]
