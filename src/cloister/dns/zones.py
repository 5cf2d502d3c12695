"""A private zone as a table of nodes: exact names, empty non-terminals and wildcards (RFC 1034 4.3.2, RFC 4592)."""

from __future__ import annotations

from cloister.dns.question import fold
from cloister.net.desired import ZoneRecords

Entry = tuple[str, str, int, tuple[str, ...]]
"""A record set as ``ZoneRecords`` has it: relative name, type, TTL in seconds, values in presentation form."""

APEX = "@"


class ZoneTable:
    """One zone, indexed by relative name. ``nodes`` maps every name that exists to its record sets (none: it only has
    names below it)."""

    __slots__ = ("apex", "nodes", "object")

    def __init__(self, records: ZoneRecords):
        self.object = records
        self.apex = fold(records.name)
        nodes: dict[str, tuple[Entry, ...]] = {APEX: ()}
        for entry in records.records:
            name = fold(entry[0]) or APEX
            if name == entry[0]:
                name = entry[0]  # one string in memory, not two
            nodes[name] = (*nodes.get(name, ()), entry)
        for name in list(nodes):
            while (cut := name.find(".")) >= 0 and (name := name[cut + 1 :]) not in nodes:
                nodes[name] = ()
        self.nodes = nodes

    def relative(self, name: str) -> str:
        """``name``, which lies in this zone, as the zone calls it."""
        return APEX if len(name) == len(self.apex) else name[: -len(self.apex) - 1] if self.apex else name

    def find(self, relative: str) -> tuple[str, tuple[Entry, ...]] | None:
        """The node that answers for ``relative`` and its own name: the exact one, else the wildcard below the closest
        encloser; None where the name does not exist."""
        node = self.nodes.get(relative)
        if node is not None:
            return relative, node
        closest = relative
        while closest not in self.nodes:
            closest = closest.partition(".")[2] or APEX
        source = "*" if closest == APEX else f"*.{closest}"
        node = self.nodes.get(source)
        return None if node is None else (source, node)

    @property
    def soa(self) -> Entry | None:
        """The zone's SOA record set."""
        return next((entry for entry in self.nodes[APEX] if entry[1] == "SOA"), None)
