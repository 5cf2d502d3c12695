"""Every published quickstart template at hand is read, checked and expanded with generated values. They are only read here.

Linked templates are taken from the folder of the template that links to them, so they get the values that they were
written for.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from cloister.arm.template import jsonc, syntax
from cloister.arm.template.context import Recorder
from cloister.arm.template.errors import NotKnownYet, TemplateError
from cloister.arm.template.plan import Plan, expand, expand_nested
from cloister.arm.template.values import has_unknown
from cloister.control.deployment_facts import Failure
from cloister.control.deployment_links import Links
from tests.template.bench_frame import IN_GROUP, IN_SUBSCRIPTION, context
from tests.template.generated_values import values

FOLDER = Path(__file__).parents[3] / "shared" / "templates"
ADDRESS = "https://files.example/set/"
_SCHEMA = re.compile(rb"schemas/[^\"/]*/(subscription)?deploymentTemplate\.json", re.IGNORECASE)


def expand_all(plan: Plan, links: Links, counts: Counter[str]) -> None:
    """Every resource's body, and every nested or linked deployment that can be told before anything runs."""
    for key in plan.order:
        counts["resources"] += 1
        if not plan.resources[key].is_deployment:
            plan.body(key, Recorder())
            continue
        nested = plan.nested(key, Recorder())
        template = nested.template
        try:
            if template is None:
                if has_unknown(nested.link):
                    raise NotKnownYet("the address is not known yet")
                assert nested.link is not None
                template, _ = links.follow(nested.link, {"uri": f"{ADDRESS}azuredeploy.json"})
                counts["linked"] += 1
            expand_all(expand_nested(plan, key, nested, template), links, counts)
        except NotKnownYet:
            counts["deployments known only at run time"] += 1
        except Failure:
            counts["links out of the folder"] += 1


def test_every_published_template_expands(capsys):
    if not FOLDER.is_dir():
        pytest.skip(f"no published templates at {FOLDER.name}: they are not part of this repository")
    counts: Counter[str] = Counter()
    problems: list[str] = []
    for path in sorted(FOLDER.rglob("*.json")):
        raw = path.read_bytes()
        schema = _SCHEMA.search(raw)
        if schema is None:
            continue
        try:
            template = jsonc.parse(raw)
            syntax.check(template)
            counts["read"] += 1
            if path.name != "azuredeploy.json":
                continue
            given = {name: {"value": value} for name, value in values(template, raw.decode("utf-8-sig")).items()}
            where = context(IN_SUBSCRIPTION if schema[1] else IN_GROUP)
            where.deployment["properties"]["templateLink"] = {"uri": f"{ADDRESS}azuredeploy.json"}  # type: ignore[index]
            expand_all(expand(template, given, where), Links({ADDRESS: path.parent}), counts)
            counts["folders expanded"] += 1
        except (TemplateError, jsonc.JsonError) as error:
            problems.append(f"{path.relative_to(FOLDER)}: {error}")
    with capsys.disabled():
        print(f"\npublished templates: {', '.join(f'{name} {count}' for name, count in counts.items())}")
    assert not problems, "\n".join(problems)
    assert counts["folders expanded"] > 100
