"""Guids as text, without the objects of ``uuid``, which take most of its time: some are made for every request.

Source: RFC 9562, 5.4 and 5.5.
"""

from __future__ import annotations

import hashlib


def random_guid(random: bytes) -> str:
    """The guid of 16 random bytes (version 4)."""
    return _text(bytearray(random), 0x40)


def name_based_guid(namespace: bytes, name: str) -> str:
    """The guid of a name in a namespace of 16 bytes (version 5), always the same."""
    return _text(bytearray(hashlib.sha1(namespace + name.encode(), usedforsecurity=False).digest()[:16]), 0x50)


def _text(made: bytearray, version: int) -> str:
    made[6], made[8] = made[6] & 0x0F | version, made[8] & 0x3F | 0x80
    text = made.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
