"""``uniqueString`` and ``guid``: the same values as Azure's.

``guid`` is documented (learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-string#guid): a version 5
UUID (RFC 9562) of the arguments joined by ``-`` over one fixed namespace. ``uniqueString`` is documented only as a
13-character hash; what several independent descriptions agree on, and what published values confirm, is: the arguments
joined by ``-`` as UTF-8, hashed with the first two of the four 32-bit lanes of MurmurHash3_x86_128 (Austin Appleby's,
public domain) seeded with 0, and written 5 bits at a time from the top with the alphabet ``a-z2-7``.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid5

GUID_NAMESPACE = UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_MASK = 0xFFFFFFFF
_C1, _C2 = 0x239B961B, 0xAB0E9789  # MurmurHash3_x86_128's c1 and c2
_ADD1, _ADD2 = 0x561CCD1B, 0x0BCAA747  # and what it adds to its first two lanes


def guid(parts: Iterable[str]) -> str:
    """The guid of some strings."""
    return str(uuid5(GUID_NAMESPACE, "-".join(parts)))


def unique_string(parts: Iterable[str]) -> str:
    """Thirteen characters that depend on all of ``parts``."""
    value = _hash64("-".join(parts).encode())
    # 64 bits are 12 groups of five and four bits over, which become the last character's upper bits.
    return "".join(_ALPHABET[(value << 5 * turn & 0xFFFFFFFFFFFFFFFF) >> 59] for turn in range(13))


def template_hash(text: str) -> str:
    """``templateHash`` of a template's compact JSON: the same hash of it in upper case, as a decimal number.

    Described by those who looked into Azure's published libraries; no published value was found to check it against.
    """
    return str(_hash64(text.upper().encode()))


def _rotated(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & _MASK


def _first(word: int) -> int:
    """What a word contributes to the first lane."""
    return _rotated(word * _C1 & _MASK, 15) * _C2 & _MASK


def _second(word: int) -> int:
    """What a word contributes to the second lane."""
    return _rotated(word * _C2 & _MASK, 17) * _C1 & _MASK


def _finished(lane: int) -> int:
    """Murmur3's 32-bit finaliser: every bit of the lane changes every other."""
    lane = (lane ^ lane >> 16) * 0x85EBCA6B & _MASK
    lane = (lane ^ lane >> 13) * 0xC2B2AE35 & _MASK
    return lane ^ lane >> 16


def _hash64(content: bytes) -> int:
    one = two = 0
    whole = len(content) - len(content) % 8
    for at in range(0, whole, 8):
        one ^= _first(int.from_bytes(content[at : at + 4], "little"))
        one = ((_rotated(one, 19) + two) * 5 + _ADD1) & _MASK
        two ^= _second(int.from_bytes(content[at + 4 : at + 8], "little"))
        two = ((_rotated(two, 13) + one) * 5 + _ADD2) & _MASK
    rest = content[whole:]
    if rest:
        one ^= _first(int.from_bytes(rest[:4], "little"))
    if len(rest) > 4:
        two ^= _second(int.from_bytes(rest[4:], "little"))
    one ^= len(content)
    two ^= len(content)
    one = (one + two) & _MASK
    two = (two + one) & _MASK
    one, two = _finished(one), _finished(two)
    one = (one + two) & _MASK
    two = (two + one) & _MASK
    return two << 32 | one
