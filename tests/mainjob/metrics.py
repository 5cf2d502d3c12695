"""A plain client of run history on a machine, through the whole edge: it logs metrics and notes which were acknowledged."""

from __future__ import annotations

import json
import uuid
from contextlib import ExitStack
from typing import Any

from tests.mainjob.world import Machine, World, eventually

NAME = "m"


class Experiment:
    """One run of one experiment of a workspace that is open to the internet; ``with`` brings its machine."""

    def __init__(self, world: World, workspace: dict[str, Any]):
        self.world = world
        self.scope = workspace["id"]
        self.host = workspace["properties"]["discoveryUrl"].split("/")[2]
        self.run = str(uuid.uuid4())
        self.acknowledged: set[float] = set()
        self.said = ""
        """The last answer's body, or why there was none."""
        self._stack = ExitStack()

    def __enter__(self) -> Experiment:
        self.machine: Machine = self._stack.enter_context(self.world.machine("internet"))
        experiment = f"/history/v1.0{self.scope}/experiments/first"
        eventually(lambda: self.ask("POST", experiment) == 200, 60)
        eventually(lambda: self.ask("PATCH", f"{experiment}/runs/{self.run}", {"runId": self.run}) == 200, 60)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, method: str, path: str, body: Any = None) -> int:
        """One request; its status, 0 where there was no answer. It is not sent again."""
        if not self.machine.do("open", **{"as": "log", "name": self.host})["opened"]:
            self.said = "no connection"
            return 0
        told = {"as": "log", "host": self.host, "path": path, "token": self.world.token, "method": method}
        answer = self.machine.do("ask", **told, body=json.dumps(body) if body is not None else "")
        self.said = answer.get("body", answer.get("ended", ""))
        return answer.get("status", 0)

    def log(self, value: float) -> int:
        """Log one value; the status."""
        row = {"metricId": str(uuid.uuid4()), "createdUtc": "2026-01-01T00:00:00Z", "data": {NAME: float(value)}}
        one = {"name": NAME, "columns": {NAME: "double"}, "value": [row], "properties": {"uxMetricType": "azureml.v1.scalar"}}
        status = self.ask("POST", f"/metric/v2.0{self.scope}/runs/{self.run}/batch", {"values": [one], "reportErrors": True})
        if status == 200:
            self.acknowledged.add(float(value))
        return status

    def kept(self) -> set[float]:
        """All values that the run has now."""
        found: set[float] = set()
        body: dict[str, Any] = {"metricName": NAME}
        while True:
            eventually(lambda: self.ask("POST", f"/metric/v2.0{self.scope}/runs/{self.run}/full", body) == 200, 60)
            page = json.loads(self.said)
            found |= {row["data"][NAME] for row in page["value"]}
            if not page.get("continuationToken"):
                return found
            body["continuationToken"] = page["continuationToken"]
