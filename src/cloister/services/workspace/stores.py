"""One SQLite database per workspace, named by its guid: MLflow's store in it, and our tables.

A new one is a copy of a template that is made once per MLflow version (a second of migrations), so that a workspace's
first call costs milliseconds. Databases keep a write-ahead log with a sync on every commit: what was acknowledged is on
disk. Writers of one workspace take turns here; readers do not wait for them.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from mlflow.exceptions import MlflowException
from mlflow.store.db.utils import _upgrade_db
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.version import VERSION
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from cloister.limits import TRACKING_STORES_OPEN_MAX
from cloister.services.workspace.tables import Tables

ARTIFACTS = "mlflow-artifacts:/"
"""Where MLflow writes that a run's artifacts are. No path of this machine may stand there: clients would use theirs."""

TABLES_VERSION = 1
"""Ours; a change of ``tables.py`` raises it, so that a template of before is not copied any more."""

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Store:
    """One workspace's database. ``mlflow`` is MLflow's own store on it."""

    def __init__(self, path: Path):
        self.url = f"sqlite:///{path}"
        self.mlflow = _open(self.url)
        event.listen(self.mlflow.engine, "connect", _durable)
        self.mlflow.engine.dispose()  # the connections made before the listener
        self._session = sessionmaker(self.mlflow.engine, expire_on_commit=False)
        self._turn = threading.RLock()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that writes nothing."""
        with self._session() as session:
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """A session, alone among this workspace's writers, committed at the end unless an exception passes."""
        with self._turn, self._session() as session, session.begin():
            yield session

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """This workspace's write turn, for calls of MLflow's store that open sessions of their own."""
        with self._turn:
            yield

    def close(self) -> None:
        """Close the database's connections; those in use are closed when they come back."""
        # MLflow keeps engines for ever in a table of its class; without this a closed store would stay open.
        SqlAlchemyStore._engine_map.pop(self.url, None)
        self.mlflow.engine.dispose()


def _open(url: str) -> SqlAlchemyStore:
    """MLflow's store on a database, which is brought to this MLflow's tables if an older one made it."""
    try:
        return SqlAlchemyStore(url, ARTIFACTS)
    except MlflowException:  # its schema is out of date
        _upgrade_db(SqlAlchemyStore._get_or_create_engine(url))
        return SqlAlchemyStore(url, ARTIFACTS)


def _durable(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 20000")
    connection.execute("PRAGMA foreign_keys = ON")


class WorkspaceGone(LookupError):
    """The workspace was deleted; its guid is never used again."""


class Stores:
    """The workspaces' stores under one directory, the most recently used ones open."""

    def __init__(self, directory: Path):
        self.directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._template = _template(directory)
        self._open: OrderedDict[str, Store] = OrderedDict()
        self._gone: set[str] = set()
        self._lock = threading.Lock()

    def get(self, workspace_id: str) -> Store:
        """The store of a workspace, made when first asked for. Raises ValueError if the id is no guid, WorkspaceGone."""
        name = _checked(workspace_id)
        with self._lock:
            if name in self._gone:
                raise WorkspaceGone(f"cannot open the store of workspace '{workspace_id}': the workspace was deleted")
            store = self._open.pop(name, None)
            if store is None:
                path = self._path(name)
                if not path.exists():
                    _copy(self._template, path)
                store = Store(path)
            self._open[name] = store
            while len(self._open) > TRACKING_STORES_OPEN_MAX:
                self._open.popitem(last=False)[1].close()
            return store

    def drop(self, workspace_id: str) -> bool:
        """Delete a workspace's database, for good: a request still under way makes no new one. Returns whether there was one."""
        name = _checked(workspace_id)
        with self._lock:
            self._gone.add(name)
            store = self._open.pop(name, None)
            if store is not None:
                store.close()
            path = self._path(name)
            there = path.exists()
            for rest in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")), path.with_suffix(".draft")):
                rest.unlink(missing_ok=True)
            return there

    def close(self) -> None:
        """Close all stores."""
        with self._lock:
            for store in self._open.values():
                store.close()
            self._open.clear()

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.sqlite"


def _checked(workspace_id: str) -> str:
    name = workspace_id.lower()
    if not _GUID.fullmatch(name):
        raise ValueError(f"cannot open the store of workspace '{workspace_id}': its id is no guid")
    return name


def _template(directory: Path) -> Path:
    """The file that new databases are copies of, made unless it is there. Returns its path."""
    path = directory / f"template-{VERSION}-{TABLES_VERSION}.sqlite"
    if path.exists():
        return path
    draft = directory / "template.draft"
    for suffix in ("", "-journal", "-wal", "-shm"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)
    url = f"sqlite:///{draft}"
    store = SqlAlchemyStore(url, ARTIFACTS)
    SqlAlchemyStore._engine_map.pop(url, None)
    store.engine.dispose()
    engine = create_engine(url)
    Tables.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # written into the file, so copies have it too
    engine.dispose()
    _sync(draft)
    draft.replace(path)
    _sync(directory)
    return path


def _copy(template: Path, path: Path) -> None:
    """Copy whole or not at all: a kill between leaves a draft, which the next copy replaces."""
    draft = path.with_suffix(".draft")
    shutil.copyfile(template, draft)
    draft.chmod(0o600)
    _sync(draft)
    draft.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
