"""``make bench``: what one measure does must not cost another its figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench import run
from bench.figures import Figure, plain


def _breaks(home: object) -> Iterator[Figure]:
    yield plain("before", "s", [1.0])
    raise AssertionError("an answer that nobody expected")


def _lacks() -> Iterator[Figure]:
    raise RuntimeError("cannot measure without nginx")


def _works() -> Iterator[Figure]:
    yield plain("after", "s", [2.0])


def test_a_measure_that_fails_costs_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path, capsys: pytest.CaptureFixture) -> None:
    @contextmanager
    def home() -> Iterator[None]:
        yield None

    monkeypatch.setattr(run, "fresh_home", home)
    monkeypatch.setattr(run, "HERE", tmp_path)
    monkeypatch.setattr(run, "MEASURES", (_breaks,))
    monkeypatch.setattr(run, "LABS", (_lacks, _works))
    assert run.main() == 1
    said = capsys.readouterr().out
    assert "an answer that nobody expected" in said and "cannot measure without nginx" in said and "failed: _breaks" in said
    assert [found["name"] for found in json.loads((tmp_path / "latest.json").read_text())] == ["before", "after"]
    monkeypatch.setattr(run, "MEASURES", ())
    assert run.main() == 0
