"""What survives kill -9: rows, counters, documents and the activity log, in SQLite or PostgreSQL.

Lives here: tables, and one transaction for each Commit. Never lives here: rules, or anything that reads a row's meaning.
Read ``control/ports.py`` (``Store``, ``Commit``) first, then ``database.py``.
"""

from __future__ import annotations

from cloister.store.database import DatabaseStore, open_store

__all__ = ["DatabaseStore", "open_store"]
