"""What a process of the data plane holds, on disk, so that it serves after a restart without control.

The file is a run of batches: four bytes of length, then msgpack of a list of edits. The first batches put everything
that was held when the file was written; each later one is what an ``apply`` changed, appended before it was
acknowledged. So killing the process loses nothing that was acknowledged. There is no fsync: a machine that goes down
takes the networks with it, and control applies all of it anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import msgspec

from cloister.limits import JOURNAL_BYTES_MIN
from cloister.net.desired import Desired, Edit, Put

log = logging.getLogger("cloister.journal")

OBJECTS_AT_ONCE = 20
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Edit]).decode


class Journal:
    """Appends and rewrites the file at ``path``. Not shared between processes."""

    def __init__(self, path: Path):
        self._path = path
        self._file: int = -1
        self._size = 0
        self._base = 0
        self._later: list[Sequence[Edit]] | None = None

    def load(self) -> list[Edit]:
        """All edits in order; what cannot be read at the end (a write cut short) is left out."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return []
        edits: list[Edit] = []
        at = 0
        while at + 4 <= len(content):
            end = at + 4 + int.from_bytes(content[at : at + 4], "big")
            if end > len(content):
                break
            try:
                edits.extend(_decode(content[at + 4 : end]))
            except msgspec.MsgspecError as error:
                log.warning("cannot read all of %s: %s; control will apply what is missing", self._path.name, error)
                break
            at = end
        return edits

    async def rewrite(self, objects: Sequence[Desired]) -> None:
        """Replace the file by one that puts ``objects``. The event loop is given back now and then.

        What is appended meanwhile goes to both files. Raises OSError where the disk refuses.
        """
        temporary = self._path.with_name(self._path.name + ".new")
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._later = []
        size = 0
        try:
            async for batch in _batches(objects):
                size += _write(file, batch)
            for edits in self._later:
                size += _write(file, edits)
            os.replace(temporary, self._path)
        except BaseException:
            os.close(file)
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        finally:
            self._later = None
        self.close()
        self._file, self._size, self._base = file, size, size

    def append(self, edits: Sequence[Edit]) -> None:
        """Add what one ``apply`` changed. Raises OSError where the disk refuses: the file must be rewritten then."""
        self._size += _write(self._file, edits)
        if self._later is not None:
            self._later.append(edits)

    @property
    def open(self) -> bool:
        """Whether there is a file to append to."""
        return self._file >= 0

    @property
    def full(self) -> bool:
        """Whether the file has grown so much that it should be rewritten (and nobody does), or must be because it is not open."""
        return self._file < 0 or (self._later is None and self._size > max(JOURNAL_BYTES_MIN, 2 * self._base))

    def close(self) -> None:
        """Close the file; ``full`` until the next rewrite."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def forget(self) -> None:
        """Close the file and take it away: who starts next begins with nothing rather than with what holds no more."""
        self.close()
        with contextlib.suppress(OSError):
            self._path.unlink()


async def _batches(objects: Iterable[Desired]) -> AsyncIterator[list[Edit]]:
    batch: list[Edit] = []
    for thing in objects:
        batch.append(Put(thing))
        if len(batch) == OBJECTS_AT_ONCE:
            yield batch
            batch = []
            await asyncio.sleep(0)
    if batch:
        yield batch


def _write(file: int, edits: Sequence[Edit]) -> int:
    body = _encode(edits)
    whole = len(body).to_bytes(4, "big") + body
    if os.write(file, whole) != len(whole):
        raise OSError(28, "the disk took only a part")
    return len(whole)
