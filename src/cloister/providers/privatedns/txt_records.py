"""Microsoft.Network/privateDnsZones/TXT: text of up to 1,024 characters in strings of up to 255 bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.schema import array, obj, string
from cloister.limits import TXT_RECORD_LENGTH_MAX
from cloister.providers.privatedns import record_sets
from cloister.providers.privatedns.record_sets import Entry

STRING_BYTES_MAX = 255  # RFC 1035, 3.3: a length byte goes before each


def read(properties: dict[str, Any]) -> Iterator[Entry]:
    """Each record, its strings in quotes."""
    for at, item in record_sets.items(properties, "txtRecords"):
        strings = [text.encode() for text in item.get("value") or () if isinstance(text, str)]
        wrong = ""
        if not strings:
            wrong = "has no text; give 'value' at least one string"
        elif sum(map(len, strings)) > TXT_RECORD_LENGTH_MAX:
            wrong = f"is longer than {TXT_RECORD_LENGTH_MAX} characters; split it into several records"
        elif max(map(len, strings)) > STRING_BYTES_MAX:
            wrong = f"has a string of over {STRING_BYTES_MAX} bytes; split it into several strings of one 'value'"
        yield Entry(at, " ".join(map(quoted, strings)), wrong)


def quoted(text: bytes) -> str:
    """A string in presentation form (RFC 1035, 5.1)."""
    return '"' + "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:03d}" for byte in text) + '"'


TYPE = record_sets.record_type("TXT", {"txtRecords": array(obj(value=array(string(), required=True)))}, read)
