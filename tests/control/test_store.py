"""The store: what was committed is there, all of it or nothing, and the log stays bounded."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap

import pytest
from sqlalchemy import text

from cloister.arm.resource import Row
from cloister.control.ports import Commit, Event
from cloister.limits import EVENTS_KEPT_MAX
from cloister.store import database, open_store


def row(name, **properties):
    return Row(id=f"/subscriptions/s/{name}", type="T", body={"properties": properties}, facts={"n": 2**60}, owner="/o")


def event(name):
    return Event(time="t", operation="o", resource=f"/subscriptions/S/{name}", caller="c", status="Succeeded")


def test_what_was_committed_is_loaded(tmp_path):
    store = open_store(tmp_path / "a b?.sqlite")
    store.commit(
        Commit(revision=1, put=(row("x", a="ü\u0000"), row("Y")), counters={"p": 3}, documents={"d/1": [1], "d/2": 2, "e": 3})
    )
    store.commit(
        Commit(revision=2, put=(row("x", a=2),), drop=("/subscriptions/S/y",), counters={"p": 4, "q": 1}, documents={"d/1": None})
    )
    store.close()
    again = open_store(tmp_path / "a b?.sqlite")
    assert again.load() == (2, [row("x", a=2)], {"p": 4, "q": 1})
    assert again.documents("d/") == {"d/2": 2} and again.document("e") == 3 and again.document("d/1") is None
    assert stat.S_IMODE(os.stat(tmp_path / "a b?.sqlite").st_mode) == 0o600


@pytest.mark.parametrize("count", [1, 2, 3, 511, 512, 513, 1_500])
def test_many_are_committed_with_few_statements_and_all_are_there(tmp_path, count):
    store = open_store(tmp_path / "s.sqlite")
    rows = tuple(row(f"r{n}", n=n) for n in range(count))
    store.commit(Commit(revision=1, put=rows, events=tuple(event(f"r{n}") for n in range(count))))
    store.commit(Commit(revision=2, put=tuple(row(f"r{n}", n=-n) for n in range(0, count, 2))))
    _, found, _ = store.load()
    assert {one.name: one.properties["n"] for one in found} == {f"r{n}": n if n % 2 else -n for n in range(count)}
    assert len(store.events("/", limit=2_000)) == count
    store.close()


def test_the_revision_never_goes_back(tmp_path):
    store = open_store(tmp_path / "s.sqlite")
    store.commit(Commit(revision=7))
    store.commit(Commit(revision=3, documents={"d": 1}))
    assert store.load()[0] == 7


def test_a_commit_is_all_or_nothing(tmp_path):
    store = open_store(tmp_path / "s.sqlite")
    store.commit(Commit(revision=1, put=(row("x"),)))
    with pytest.raises(TypeError):
        store.commit(Commit(revision=2, put=(row("y"),), drop=("/subscriptions/s/x",), documents={"d": object()}))
    assert store.load() == (1, [row("x")], {})


def test_events_by_scope_newest_first_and_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "EVENTS_KEPT_MAX", 50)
    monkeypatch.setattr(database, "_PRUNE_EVERY", 10)
    assert EVENTS_KEPT_MAX >= 1000
    store = open_store(tmp_path / "s.sqlite")
    for n in range(100):
        store.commit(Commit(revision=n, events=(event(f"a{n}"), event("b/c"))))
    assert [e.resource for e in store.events("/subscriptions/s", 3)] == [
        "/subscriptions/S/b/c",
        "/subscriptions/S/a99",
        "/subscriptions/S/b/c",
    ]
    assert len(store.events("/subscriptions/s/b")) == len(store.events("/")) // 2 == 25
    assert store.events("/subscriptions/s/a") == []


def test_a_store_of_another_format_is_refused(tmp_path):
    store = open_store(tmp_path / "s.sqlite")
    with store._engine.begin() as connection:
        connection.execute(text("update counters set value = 99 where pool = '~schema'"))
    store.close()
    with pytest.raises(database.StoreError, match="cannot read the store: it has format 99"):
        open_store(tmp_path / "s.sqlite")


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    """A writer says a number after each commit and is killed in the middle: every number said is there."""
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from cloister.arm.resource import Row
        from cloister.control.ports import Commit
        from cloister.store import open_store
        store = open_store(Path(sys.argv[1]))
        for n in range(1, 100000):
            store.commit(Commit(revision=n, put=(Row(id=f"/r/{n}", type="T", body={}),)))
            print(n, flush=True)
        """
    )
    path = tmp_path / "s.sqlite"
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            said = 0
            for line in writer.stdout:
                said = int(line)
                if said == 40:
                    os.kill(writer.pid, signal.SIGKILL)
        store = open_store(path)
        revision, rows, _ = store.load()
        assert revision >= said and {f"/r/{n}" for n in range(1, said + 1)} <= {kept.id for kept in rows}
        store.close()


SECRET = "correct-horse-battery-staple"


def _files(folder):
    """All that lies in the folder, by name."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_contents_are_sealed_with_a_key_of_their_own(tmp_path):
    path = tmp_path / "s.sqlite"
    store = open_store(path)
    made = Row(id="/subscriptions/s/x", type="T", body={"properties": {"password": SECRET}})
    store.commit(Commit(revision=1, put=(made,), documents={"d": {"given": SECRET}}, events=(event("x"),)))
    assert store.load()[1] == [made] and store.document("d") == {"given": SECRET} and len(store.events("/")) == 1
    files = _files(tmp_path)
    assert {"s.sqlite", "s.sqlite-wal", "s.sqlite.key"} <= set(files) and not any(SECRET.encode() in b for b in files.values())
    assert all((tmp_path / name).stat().st_mode & 0o077 == 0 for name in ("s.sqlite", "s.sqlite.key"))
    store.close()
    key = tmp_path / "s.sqlite.key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(database.StoreError, match=r"its key .* is missing"):
        open_store(path)
    key.write_bytes(bytes(32))
    with pytest.raises(database.StoreError, match="sealed with another key"):
        open_store(path).load()
    key.write_bytes(kept)
    assert open_store(path).load()[1] == [made]


def test_a_store_in_the_clear_is_sealed_when_it_is_opened(tmp_path, monkeypatch):
    path = tmp_path / "s.sqlite"
    with monkeypatch.context() as before:
        before.setattr(database, "SCHEMA_VERSION", 1)
        before.setattr(database.Seal, "close", lambda self, content, place: content)
        store = open_store(path)
        store.commit(Commit(revision=3, put=(row("x"),), documents={"d": SECRET}, events=(event("x"), event("y"))))
        store.close()
    (tmp_path / "s.sqlite.key").unlink()
    assert SECRET.encode() in b"".join(_files(tmp_path).values())
    store = open_store(path)
    assert SECRET.encode() not in b"".join(_files(tmp_path).values())
    assert store.load()[:2] == (3, [row("x")]) and store.document("d") == SECRET and len(store.events("/")) == 2
    store.close()
    assert open_store(path).load()[:2] == (3, [row("x")])
