"""The article's lines with Microsoft's unmodified azureml-core against a whole cloud: its networks, names and TLS are real."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "article.py"
SDK_PYTHON = SCRIPT.parent.parent.parent / ".venv-client" / "bin" / "python"
LOCATION = "eastus2"
METRICS = {"accuracy": 0.9, "loss": [0.8, 0.4, 0.2]}

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(not SDK_PYTHON.exists(), reason="azureml-core is not installed: run `make setup-client`"),
]


class Article:
    """A group with a network, another group with a network of the same range, and the script run on machines in them."""

    def __init__(self, cloud: Any, name: str, folder: Path):
        self.cloud, self.folder = cloud, folder
        self.groups = (name, f"{name}-other")
        self.inside, self.other = f"{name}/myvnet/default", f"{name}-other/mysecondvnet/default"
        names = {"GROUP": name, "WORKSPACE": f"ws-{name}", "OTHER_GROUP": f"{name}-other"}
        self.environment = [f"ARTICLE_{key}={value}" for key, value in names.items()]
        subnet = {"name": "default", "properties": {"addressPrefix": "10.0.0.0/24", "privateEndpointNetworkPolicies": "Disabled"}}
        network = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
        for group, vnet in zip(self.groups, ("myvnet", "mysecondvnet"), strict=True):
            below = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
            cloud.arm("PUT", below, {"location": LOCATION})
            path = f"{below}/providers/Microsoft.Network/virtualNetworks/{vnet}"
            cloud.arm("PUT", path, {"location": LOCATION, "properties": network})

    def run(self, place: str, *parts: str) -> dict[str, Any]:
        """Run parts of the script on a machine in ``place``; what each of them got."""
        argv = ["env", *self.environment, str(SDK_PYTHON), str(SCRIPT), *parts]
        done = self.cloud.exec(place, argv, cwd=self.folder, timeout=300, input="")
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"step"')]
        assert done.returncode == 0 and all(line["ok"] for line in lines), done.stdout[-6000:] + done.stderr[-2000:]
        return {line["step"]: line["got"] for line in lines}

    def remove(self) -> None:
        for group in self.groups:
            self.cloud.rest("DELETE", f"/subscriptions/{self.cloud.subscription}/resourceGroups/{group}")


def test_the_articles_lines_and_the_work_they_are_for(cloud: Any, tmp_path: Path) -> None:
    article = Article(cloud, "article-lines", tmp_path)
    try:
        made = article.run("internet", "create")["create"]
        assert list(made["connections"].values()) == ["Approved"] and made["public"] is False
        done = article.run(article.inside, "work")["work"]
        assert done == {
            "status": "Completed",
            "metrics": METRICS,
            "tags": {"made-by": "the article"},
            "experiments": ["first"],
        }
        for place in ("internet", article.other):
            refused = "\n".join(article.run(place, "refused")["refused"])
            assert "403" in refused and "publicNetworkAccess" in refused

        got = article.run("internet", "add", "listing", "withdraw", "public", "work")
        assert got["add"] == made
        assert got["listing"]["get"] in got["listing"]["in subscription"]
        assert got["listing"]["in group"] == ["ws-article-lines"] and got["listing"]["private_endpoints"] == ["myprivateendpoint"]
        assert got["withdraw"]["connections"] == {} and got["withdraw"]["public"] is False
        assert got["public"]["public"] is True and got["public"]["discovery"] != made["discovery"]
        assert got["work"] == done
        assert article.run(article.other, "work")["work"] == done
        assert article.run("internet", "delete")["delete"] == []
    finally:
        article.remove()


def test_manual_approval_and_a_network_of_another_group(cloud: Any, tmp_path: Path) -> None:
    article = Article(cloud, "article-approval", tmp_path)
    try:
        got = article.run("internet", "create", "manual", "elsewhere")
        assert got["manual"] == {"before": "Pending", "after": "Approved"}
        assert list(got["elsewhere"]["connections"].values()) == ["Approved"] * 3
        assert article.run(article.other, "work")["work"]["metrics"] == METRICS
        assert "publicNetworkAccess" in "\n".join(article.run("internet", "refused")["refused"])
        assert article.run("internet", "delete")["delete"] == []
    finally:
        article.remove()


@pytest.mark.deep(seconds=20)
def test_the_articles_lines_from_the_host(cloud: Any, tmp_path: Path) -> None:
    """With what ``cloister env`` prints, and nothing else that leads anywhere."""
    article = Article(cloud, "article-host", tmp_path)
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    named = dict(pair.split("=", 1) for pair in article.environment)
    told = json.loads(cloud.cloister("env", "--json").stdout)
    argv = [str(SDK_PYTHON), str(SCRIPT), "create", "add", "listing", "withdraw", "public", "delete"]
    try:
        done = subprocess.run(
            argv, env={**plain, **told, **named}, cwd=tmp_path, capture_output=True, text=True, timeout=300, input=""
        )
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"step"')]
        assert done.returncode == 0 and len(lines) == 6, done.stdout[-6000:] + done.stderr[-2000:]
    finally:
        article.remove()
