"""Contents of the store, sealed: who gets hold of the database alone, in a backup or a stray copy, cannot read them.

AES-256-GCM with the key of a file of its own (0600); ids and numbers stay readable, for the database sorts by them. Each content
is bound to its place. Nonces are 96 random bits (NIST SP 800-38D 8.2.2: good for 2**32 contents of one key).
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cloister.private_file import write_private

_NONCE_BYTES = 12


class StoreError(Exception):
    """The store cannot be opened; the text begins with "cannot" and says the way out."""


class Seal:
    """Closes and opens contents with one key of 32 bytes."""

    def __init__(self, secret: bytes):
        self._cipher = AESGCM(secret)

    @classmethod
    def of(cls, file: Path, is_new: bool) -> Seal:
        """The key in ``file``; for a new store it is made where it is missing. Raises StoreError."""
        if is_new and not file.exists():
            write_private(file, AESGCM.generate_key(256))
        try:
            return cls(file.read_bytes())
        except (OSError, ValueError) as error:
            text = f"cannot read the store: its key '{file}' is missing or damaged ({error})"
            raise StoreError(f"{text}; put the key back that was beside it, or start with an empty CLOISTER_HOME") from error

    def close(self, content: bytes, place: str) -> bytes:
        """``content`` as it may lie at ``place``."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was closed for ``place``. Raises StoreError."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except InvalidTag as error:
            text = f"cannot read '{place}' in the store: its content was sealed with another key, or is damaged"
            raise StoreError(f"{text}; put back the store and its key as they were together") from error
