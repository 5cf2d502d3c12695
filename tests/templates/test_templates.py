"""Published templates on a whole cloud: a part of them in ``make test``, all of them in ``make deep`` and ``make templates``."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.conftest import require_kernel
from tests.templates.deploying import Result, templates
from tests.templates.parameter_values import Values, adapted
from tests.templates.run import SHARED, bad, dates, session, show, summary

ROOT = Path(__file__).parents[2]
PART_SECONDS = 30.0
EVERY = 6  # of the newest set, one in so many for the part
SHARED_IS_HERE = pytest.mark.skipif(not SHARED.is_dir(), reason="the published templates are not here: ../shared/templates")


def deployed(date: Path, chosen: list[Path], seconds: float) -> list[Result]:
    """What became of the chosen templates of one set, as many as the time allows."""
    require_kernel()
    end = time.monotonic() + seconds
    results: list[Result] = []
    with session(date) as running:
        for path in chosen:
            if time.monotonic() > end:
                break
            results.append(running.run(path))
    return results


def judged(results: list[Result], capsys: pytest.CaptureFixture[str]) -> None:
    """Print the numbers; fail with the lines of what went wrong."""
    with capsys.disabled():
        print(f"\n{summary(results)}")
    wrong = [one for one in results if bad(one)]
    show(wrong)
    assert results and not wrong


@SHARED_IS_HERE
def test_some_published_templates_deploy(capsys):
    newest = dates(SHARED)[-1]
    judged(deployed(newest, templates(newest)[::EVERY], PART_SECONDS), capsys)


@SHARED_IS_HERE
@pytest.mark.deep(share=8)
@pytest.mark.timeout(0)
def test_all_published_templates_deploy(capsys, box):
    found: list[Result] = []
    for place, date in enumerate(sets := dates(SHARED)):
        found += deployed(date, templates(date), box.left / (len(sets) - place))
    box.tell("templates", len(found), sum(len(templates(date)) for date in sets))
    judged(found, capsys)


@SHARED_IS_HERE
def test_no_folder_of_the_set_is_named_in_the_repository():
    """What deploys them knows none of them: no name of a folder stands in a file of ours."""
    names = {path.parent.name for date in dates(SHARED) for path in templates(date)} - {"prereqs"}
    telling = {name for name in names if name.count("-") >= 3}  # shorter ones are words of the field
    for path in (*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/templates/*.py"), ROOT / "Makefile", *ROOT.glob("tools/*")):
        found = [name for name in telling if path.is_file() and name in path.read_text(errors="replace")]
        assert not found, f"{path.relative_to(ROOT)} names {found}"


SCOPE = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g1"


@pytest.mark.parametrize(
    ("name", "declaration", "pattern"),
    [
        ("vmSize", {"type": "string", "allowedValues": ["Standard_A", "Standard_B"]}, "Standard_A"),
        ("storageAccountName", {"type": "string", "maxLength": 8}, "[a-z0-9]{8}"),
        ("count", {"type": "int", "minValue": 3}, "3"),
        ("vnetAddressPrefix", {"type": "string"}, r"10\.0\.0\.0/16"),
        ("subnetPrefix1", {"type": "string"}, r"10\.0\.1\.0/24"),
        ("endpointSubnetId", {"type": "string"}, rf"{SCOPE}/providers/Microsoft\.Network/virtualNetworks/\w+/subnets/\w+"),
        ("adminPassword", {"type": "securestring", "minLength": 20}, ".{20,}"),
    ],
)
def test_values_fit_their_parameters(name, declaration, pattern):
    assert re.fullmatch(pattern, str(Values(SCOPE, "").value(name, declaration)))


def test_members_come_from_their_use():
    found = Values(SCOPE, "[parameters('net').address.prefix] [parameters('net').name]").value("net", {"type": "object"})
    assert set(found) == {"address", "name"} and set(found["address"]) == {"prefix"}


def test_values_follow_what_the_cloud_says():
    given = {"sku": "abc", "groups": ["x"], "range": "10.0.1.0/24", "other": "abc2"}
    assert adapted(given, "properties.sku.name is 'abc'; choose one of 'Basic', 'Standard'")
    assert adapted(given, "with groupIds ['x']: 'Some.Provider/type' offers 'vault'; give one of them.")
    assert adapted(given, "with prefix '10.0.1.0/24': it is not in the address space of virtual network 'v' (10.3.0.0/16)")
    assert given == {"sku": "Basic", "groups": ["vault"], "range": "10.3.0.0/24", "other": "abc2"}
    assert not adapted(given, "nothing that it knows")
