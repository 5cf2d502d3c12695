"""The operator's egress list: which names of the real internet machines may reach, and by which addresses of this cloud.

An entry is a name, or ``*.`` and a name (one label in place of the star, as in certificates), and may be pinned: ``NAME=ADDRESS``
or ``NAME=ADDRESS,ADDRESS`` says where it really is, also where that is no public address. It stands in ``cloud.json`` under
``egress``. The list is the operator's alone: no resource changes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address

from cloister.net import plan
from cloister.net.intent import AllowedName

_NAME = re.compile(r"(?:\*\.(?=[^.]+\.))?(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))+")
NAMES_MAX = plan.ALLOWED_NAMES.num_addresses - 2


def read(entries: Iterable[str]) -> list[AllowedName]:
    """The list as intents, each name with an address of its own. Raises ValueError ("cannot ...")."""
    found: dict[str, AllowedName] = {}
    for entry in entries:
        name, pins = _entry(entry)
        before = found.get(name)
        address = before.address if before else _address(len(found) + 1)
        found[name] = AllowedName(owner="", name=name, address=address, pins=pins)
    return list(found.values())


def covers(pattern: str, name: str) -> bool:
    """Whether an entry's name allows ``name`` (lower case, no final dot)."""
    return name == pattern or (pattern.startswith("*.") and name.partition(".")[2] == pattern[2:])


def _entry(entry: str) -> tuple[str, tuple[str, ...]]:
    text, _, pinned = str(entry).strip().partition("=")
    name = text.strip().rstrip(".").lower()
    if len(name) > 253 or not _NAME.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise ValueError(
            f"cannot allow egress to '{entry}': write NAME, *.NAME of at least two labels, or NAME=ADDRESS, such as pypi.org"
        )
    pins = tuple(part.strip() for part in pinned.split(",") if part.strip())
    for pin in pins:
        try:
            IPv4Address(pin)
        except AddressValueError as error:
            raise ValueError(f"cannot allow egress to '{entry}': '{pin}' is no IPv4 address; write NAME=ADDRESS") from error
    if "=" in str(entry) and not pins:
        raise ValueError(f"cannot allow egress to '{entry}': there is no address after '='; write NAME or NAME=ADDRESS")
    return name, pins


def _address(number: int) -> str:
    if number > NAMES_MAX:
        raise ValueError(f"cannot allow egress to more than {NAMES_MAX} names: take some out of 'egress' in cloud.json")
    return plan.allowed_address(number)
