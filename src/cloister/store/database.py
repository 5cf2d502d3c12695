"""The store over SQLAlchemy Core: SQLite by default, PostgreSQL by URL.

A Commit is one transaction, on disk when ``commit`` returns (SQLite: WAL with ``synchronous=FULL``, so each commit is
one sync of the log). Rows, documents and events are msgpack, sealed (``sealing.py``); the tables know no more of them than
their keys.
"""

from __future__ import annotations

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
    select,
    text,
    update,
)
from sqlalchemy.engine import URL, Engine

from cloister.arm.ids import key
from cloister.arm.resource import Row
from cloister.control.ports import Commit, Event
from cloister.limits import EVENTS_KEPT_MAX
from cloister.store.sealing import Seal, StoreError

SCHEMA_VERSION = 2
_IN_THE_CLEAR = 1  # the format before it, whose contents are not sealed; made anew when it is opened
_CHUNK = 512  # keys in one statement; SQLite allows 32,766 variables
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


_UPDATED = "ON CONFLICT (key) DO UPDATE SET content = excluded.content"
_PUT_COUNTER = text(
    "INSERT INTO counters (pool, value) VALUES (:pool, :value) ON CONFLICT (pool) DO UPDATE SET value = excluded.value"
)


class DatabaseStore:
    """See ``ports.Store``. Every method may be called from any thread; commits go one after another."""

    def __init__(self, engine: Engine, key_file: Path):
        self._engine = engine
        self._writing = threading.Lock()
        self._since_pruning = 0
        self._values = "(?, ?)" if engine.dialect.paramstyle == "qmark" else "(%s, %s)"
        _tables.create_all(engine)
        with engine.begin() as connection:
            kept: dict[str, int] = {pool: value for pool, value in connection.execute(select(_counters))}
            found = kept.get(_SCHEMA, 0)
            if found not in (0, _IN_THE_CLEAR, SCHEMA_VERSION):
                reason = f"cannot read the store: it has format {found} and this version reads {SCHEMA_VERSION}"
                raise StoreError(f"{reason}; use the version that wrote it, or start with an empty CLOISTER_HOME")
            self._seal = Seal.of(key_file, is_new=found != SCHEMA_VERSION)
            if found == _IN_THE_CLEAR:
                self._seal_all(connection)
            if found != SCHEMA_VERSION:
                connection.execute(_PUT_COUNTER, {"pool": _SCHEMA, "value": SCHEMA_VERSION})
        if found == _IN_THE_CLEAR:
            self._forget_free_space()
        self._revision = kept.get(_REVISION, 0)

    def _seal_all(self, connection: Connection) -> None:
        """Make a store of the format before this one."""
        for table, column in ((_rows, _rows.c.key), (_documents, _documents.c.key), (_events, _events.c.number)):
            place = _events.c.resource if table is _events else column
            for name, about, content in connection.execute(select(column, place, table.c.content)).all():
                connection.execute(update(table).where(column == name).values(content=self._seal.close(content, about)))

    def _forget_free_space(self) -> None:
        """Leave nothing of what was overwritten in the file and its log."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))
            if self._engine.dialect.name == "sqlite":
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def load(self) -> tuple[int, list[Row], dict[str, int]]:
        """The last revision, all rows, all counters. Raises StoreError for what was sealed with another key."""
        with self._engine.connect() as connection:
            counters: dict[str, int] = {pool: value for pool, value in connection.execute(select(_counters))}
            rows = [_unpack_row(self._seal.open(content, place)) for place, content in connection.execute(select(_rows))]
        counters.pop(_SCHEMA, None)
        return counters.pop(_REVISION, 0), rows, counters

    def commit(self, commit: Commit) -> None:
        """Write all of it or nothing; returns when it is on disk."""
        revision = max(self._revision, commit.revision)
        with self._writing, self._engine.begin() as connection:
            self._write(connection, commit, revision)
        self._revision = revision

    def _write(self, connection: Connection, commit: Commit, revision: int) -> None:
        _delete(connection, _rows, map(key, commit.drop))
        self._insert(connection, "rows (key, content)", ((key(row.id), row) for row in commit.put), _UPDATED)
        values = {**commit.counters, _REVISION: revision}
        connection.execute(_PUT_COUNTER, [{"pool": pool, "value": value} for pool, value in values.items()])
        _delete(connection, _documents, [name for name, value in commit.documents.items() if value is None])
        kept = ((name, value) for name, value in commit.documents.items() if value is not None)
        self._insert(connection, "documents (key, content)", kept, _UPDATED)
        self._insert(connection, "events (resource, content)", ((key(entry.resource), entry) for entry in commit.events))
        self._prune(connection)

    def _insert(self, connection: Connection, into: str, kept: Iterable[tuple[str, Any]], ending: str = "") -> None:
        """Insert each ``(place, value)``, sealed; many with one statement, for after each this thread may wait for its turn.

        A statement takes a power of two of them, so that there are few texts, which the driver knows prepared.
        """
        values = [part for place, value in kept for part in (place, self._seal.close(_pack(value), place))]
        at = 0
        while left := (len(values) - at) // 2:
            count = min(_CHUNK, 1 << (left.bit_length() - 1))
            rows = ", ".join([self._values] * count)
            connection.exec_driver_sql(f"INSERT INTO {into} VALUES {rows} {ending}", tuple(values[at : at + 2 * count]))
            at += 2 * count

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
        return None if found is None else _unpack(self._seal.open(found, key))

    def documents(self, prefix: str) -> dict[str, Any]:
        """All documents whose key begins so, by key, in key order."""
        where = (_documents.c.key >= prefix) & (_documents.c.key < prefix + "\U0010ffff")
        with self._engine.connect() as connection:
            found = connection.execute(select(_documents).where(where).order_by(_documents.c.key)).all()
        return {name: _unpack(self._seal.open(content, name)) for name, content in found}

    def events(self, scope: str, limit: int = 1000) -> list[Event]:
        """The newest entries about a resource or what is inside it, newest first; ``/`` or ``""`` for all."""
        query = select(_events.c.resource, _events.c.content).order_by(_events.c.number.desc()).limit(limit)
        place = key(scope)
        if place != "/":
            inside = (_events.c.resource > place + "/") & (_events.c.resource < place + "0")
            query = query.where((_events.c.resource == place) | inside)
        with self._engine.connect() as connection:
            return [_unpack_event(self._seal.open(content, about)) for about, content in connection.execute(query)]

    def close(self) -> None:
        """Close all connections."""
        with self._writing:
            self._engine.dispose()


def open_store(place: Path | str, key_file: Path | None = None) -> DatabaseStore:
    """The store in a SQLite file (made if missing, mode 0600), or at a database URL such as ``postgresql+psycopg://``.

    Its key is in ``key_file``, or beside the SQLite file: ``cloister.sqlite.key``; it is made with the store. Raises StoreError
    for a store of another format, and for one whose key is missing.
    """
    if isinstance(place, str) and "://" in place:
        if key_file is None:
            raise StoreError(f"cannot open the store '{place}': say which file has, or shall have, its key")
        return DatabaseStore(create_engine(place, pool_pre_ping=True), key_file)
    path = Path(place)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 30.0})
    event.listen(engine, "connect", _configure_sqlite)
    return DatabaseStore(engine, key_file or path.with_name(f"{path.name}.key"))


def _configure_sqlite(connection: Any, _: Any) -> None:
    """Durable and readable while it is written; see sqlite.org/pragma.html."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _delete(connection: Connection, table: Table, keys: Iterable[str]) -> None:
    found = list(keys)  # none, mostly
    for start in range(0, len(found), _CHUNK):
        connection.execute(delete(table).where(table.c.key.in_(found[start : start + _CHUNK])))
