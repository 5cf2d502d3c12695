"""Client secrets: 256 random bits as letters and digits, kept as a scrypt hash, compared in constant time.

A secret is shown once, when it is made. Source of the form: RFC 7914 (scrypt); the cost is small because a secret of
256 random bits cannot be guessed at any cost; the hash only keeps a stolen file from being a stolen secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import string

COST, BLOCK, LANES = 2**12, 8, 1
LETTERS = string.ascii_letters + string.digits
LENGTH = 43
"""Characters of a secret: the fewest of ``LETTERS`` that hold 256 bits."""


def make_secret() -> str:
    """A new client secret: 43 letters and digits, which need no quoting in shells, URLs or JSON.

    No sign at all: what begins with ``-`` is read as an option (``az login -p SECRET`` refuses it).
    """
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def hash_secret(secret: str) -> str:
    """``scrypt$<salt>$<hash>``, base64, to be kept instead of the secret."""
    salt = os.urandom(16)
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(_derive(secret, salt)).decode()}"


def matches(secret: str, kept: str) -> bool:
    """Whether ``secret`` is the one that ``kept`` was made of."""
    _, salt, derived = kept.split("$")
    return hmac.compare_digest(_derive(secret, base64.b64decode(salt)), base64.b64decode(derived))


def _derive(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=COST, r=BLOCK, p=LANES, dklen=32)


class Proofs:
    """Secrets that proved right a moment ago, so that the next token costs no scrypt (a client asks up to ten in a row).

    Holds keyed digests only, never a secret.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._right: dict[str, bytes] = {}

    def matches(self, client_id: str, secret: str, kept: str) -> bool:
        """As ``matches``, remembering a right answer for this ``client_id``."""
        digest = hmac.digest(self._key, f"{kept}\0{secret}".encode(), "sha256")
        if hmac.compare_digest(self._right.get(client_id, b""), digest):
            return True
        if not matches(secret, kept):
            return False
        self._right[client_id] = digest
        return True
