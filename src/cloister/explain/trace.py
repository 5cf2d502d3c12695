"""The vocabulary of an explanation: a flow, the steps it takes, and the closed set of ends it can come to."""

from __future__ import annotations

from typing import Any

import msgspec

DISPOSITIONS = {
    "Delivered": "the flow arrives and the resource lets it in",
    "NameNotFound": "the asker's resolver knows no such name",
    "DeniedOutbound": "a network security group of the source denies it on the way out",
    "DeniedInbound": "a network security group of the destination denies it on the way in",
    "NoRoute": "nothing leads from the source's network to this address",
    "NoListener": "the address is there, but nothing answers on this port",
    "ConnectionNotApproved": "the address is a private endpoint whose connection is not Approved: no packet passes",
    "WrongResource": "the endpoint leads to another resource than the one asked for: the edge refuses",
    "DeniedByPolicy": "the packets arrive, and the resource refuses callers from public addresses: HTTP 403",
    "NotKnown": "the source or the target is nothing this cloud knows",
}


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. ``source`` is ``internet``, a subnet id, or the id of a machine or network interface; ``to`` a name or an
    IPv4 address.

    ``address`` is the source's own, by default the one that the next machine of the subnet would get; ``protocol`` is ``tcp``,
    ``udp`` or ``icmp`` (ports mean nothing then); ``source_port`` stands for what a system would choose.
    """

    source: str
    to: str
    port: int = 443
    address: str = ""
    protocol: str = "tcp"
    source_port: int = 50000


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One stage passed or not. ``action`` is a past participle, ``because`` the id of the row that decides, or ``""``."""

    stage: str
    action: str
    detail: str
    because: str = ""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict: steps in order, the disposition, the address the name led to, the HTTP status where one follows."""

    flow: Flow
    steps: tuple[Step, ...]
    disposition: str
    address: str = ""
    status: int = 0

    @property
    def is_delivered(self) -> bool:
        """Whether the flow arrives and is let in."""
        return self.disposition == "Delivered"

    @property
    def why(self) -> str:
        """The last step in one line."""
        return self.steps[-1].detail if self.steps else DISPOSITIONS[self.disposition]

    def plain(self) -> dict[str, Any]:
        """As JSON-ready dicts, ``why`` and ``meaning`` included."""
        return {**msgspec.to_builtins(self), "why": self.why, "meaning": DISPOSITIONS[self.disposition]}
