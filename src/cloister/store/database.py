"""The store over SQLAlchemy Core: SQLite by default, PostgreSQL by URL.

A Commit is one transaction, on disk when ``commit`` returns (SQLite: WAL with ``synchronous=FULL``, so each commit is
one fsync of the log). Rows and documents are msgpack; the tables know no more of them than their keys.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError

from cloister.arm.ids import key
from cloister.arm.resource import Row
from cloister.control.ports import Commit, DiskFull, Event
from cloister.limits import EVENTS_KEPT_MAX

SCHEMA_VERSION = 1
_CHUNK = 500  # keys in one statement; SQLite allows 32,766 variables
_PRUNE_EVERY = 256  # commits between two prunings of the log

_KEY = String(2048).with_variant(String(2048, collation="C"), "postgresql")  # ordered by bytes, as prefixes need

_tables = MetaData()
_counters = Table("counters", _tables, Column("pool", String(200), primary_key=True), Column("value", BigInteger, nullable=False))
_rows = Table("rows", _tables, Column("key", _KEY, primary_key=True), Column("content", LargeBinary, nullable=False))
_documents = Table("documents", _tables, Column("key", _KEY, primary_key=True), Column("content", LargeBinary, nullable=False))
_events = Table(
    "events",
    _tables,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("resource", _KEY, nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
)
_REVISION = "~revision"  # kept among the counters: no pool has such a name
_SCHEMA = "~schema"

_pack = msgspec.msgpack.Encoder().encode
_unpack_row = msgspec.msgpack.Decoder(Row).decode
_unpack_event = msgspec.msgpack.Decoder(Event).decode
_unpack = msgspec.msgpack.decode


class StoreError(Exception):
    """The store cannot be opened; the text begins with "cannot" and says the way out."""


class DatabaseStore:
    """See ``ports.Store``. Every method may be called from any thread; commits go one after another."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._writing = threading.Lock()
        self._since_pruning = 0
        _tables.create_all(engine)
        with engine.begin() as connection:
            found = connection.execute(select(_counters.c.value).where(_counters.c.pool == _SCHEMA)).scalar()
            if found is None:
                connection.execute(insert(_counters).values(pool=_SCHEMA, value=SCHEMA_VERSION))
            elif found != SCHEMA_VERSION:
                text = f"cannot read the store: it has format {found} and this version reads {SCHEMA_VERSION}"
                raise StoreError(f"{text}; use the version that wrote it, or start with an empty CLOISTER_HOME")

    def load(self) -> tuple[int, list[Row], dict[str, int]]:
        """The last revision, all rows, all counters."""
        with self._engine.connect() as connection:
            counters: dict[str, int] = {pool: value for pool, value in connection.execute(select(_counters))}
            rows = [_unpack_row(content) for (content,) in connection.execute(select(_rows.c.content))]
        counters.pop(_SCHEMA, None)
        return counters.pop(_REVISION, 0), rows, counters

    def commit(self, commit: Commit) -> None:
        """Write all of it or nothing; returns when it is on disk. Raises DiskFull."""
        try:
            with self._writing, self._engine.begin() as connection:
                self._write(connection, commit)
        except DBAPIError as error:
            if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
                raise DiskFull(str(error.orig)) from error
            raise

    def _write(self, connection: Connection, commit: Commit) -> None:
        _delete(connection, _rows, [*map(key, commit.drop), *(key(row.id) for row in commit.put)])
        if commit.put:
            connection.execute(insert(_rows), [{"key": key(row.id), "content": _pack(row)} for row in commit.put])
        self._write_counters(connection, commit)
        self._write_documents(connection, commit)
        if commit.events:
            records = [{"resource": key(entry.resource), "content": _pack(entry)} for entry in commit.events]
            connection.execute(insert(_events), records)
        self._prune(connection)

    def _write_counters(self, connection: Connection, commit: Commit) -> None:
        before = connection.execute(select(_counters.c.value).where(_counters.c.pool == _REVISION)).scalar() or 0
        values = {**commit.counters, _REVISION: max(before, commit.revision)}
        connection.execute(delete(_counters).where(_counters.c.pool.in_(values)))
        connection.execute(insert(_counters), [{"pool": pool, "value": value} for pool, value in values.items()])

    def _write_documents(self, connection: Connection, commit: Commit) -> None:
        if not commit.documents:
            return
        _delete(connection, _documents, list(commit.documents))
        kept = [{"key": name, "content": _pack(value)} for name, value in commit.documents.items() if value is not None]
        if kept:
            connection.execute(insert(_documents), kept)

    def _prune(self, connection: Connection) -> None:
        """Keep the log bounded: the oldest entries go."""
        self._since_pruning += 1
        if self._since_pruning < _PRUNE_EVERY:
            return
        self._since_pruning = 0
        last = connection.execute(select(func.max(_events.c.number))).scalar() or 0
        connection.execute(delete(_events).where(_events.c.number <= last - EVENTS_KEPT_MAX))

    def document(self, key: str) -> Any:
        """One document, or None."""
        with self._engine.connect() as connection:
            found = connection.execute(select(_documents.c.content).where(_documents.c.key == key)).scalar()
        return None if found is None else _unpack(found)

    def documents(self, prefix: str) -> dict[str, Any]:
        """All documents whose key begins so, by key, in key order."""
        where = (_documents.c.key >= prefix) & (_documents.c.key < prefix + "\U0010ffff")
        with self._engine.connect() as connection:
            found = connection.execute(select(_documents).where(where).order_by(_documents.c.key)).all()
        return {name: _unpack(content) for name, content in found}

    def events(self, scope: str, limit: int = 1000) -> list[Event]:
        """The newest entries about a resource or what is inside it, newest first; ``/`` or ``""`` for all."""
        query = select(_events.c.content).order_by(_events.c.number.desc()).limit(limit)
        place = key(scope)
        if place != "/":
            inside = (_events.c.resource > place + "/") & (_events.c.resource < place + "0")
            query = query.where((_events.c.resource == place) | inside)
        with self._engine.connect() as connection:
            return [_unpack_event(content) for (content,) in connection.execute(query)]

    def close(self) -> None:
        """Close all connections."""
        with self._writing:
            self._engine.dispose()


def open_store(place: Path | str) -> DatabaseStore:
    """The store in a SQLite file (made if missing, mode 0600), or at a database URL such as ``postgresql+psycopg://``.

    Raises StoreError for a store of another format.
    """
    if isinstance(place, str) and "://" in place:
        return DatabaseStore(create_engine(place, pool_pre_ping=True))
    path = Path(place)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 30.0})
    event.listen(engine, "connect", _configure_sqlite)
    return DatabaseStore(engine)


def _configure_sqlite(connection: Any, _: Any) -> None:
    """Durable and readable while it is written; see sqlite.org/pragma.html."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _delete(connection: Connection, table: Table, keys: Iterable[str]) -> None:
    found = list(keys)
    for start in range(0, len(found), _CHUNK):
        connection.execute(delete(table).where(table.c.key.in_(found[start : start + _CHUNK])))
