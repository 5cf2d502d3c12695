"""Connection tracking: end what is tracked toward one original destination.

Format: linux/netfilter/nfnetlink_conntrack.h. The dump is filtered in the kernel (CTA_FILTER, Linux 5.8) and checked
here again, so that an older kernel only makes it slower.
"""

from __future__ import annotations

import errno
import socket
import struct

from cloister.drivers.linux.netlink import Channel, NetlinkError, attribute, attributes, nest

_SUBSYSTEM = 1 << 8  # NFNL_SUBSYS_CTNETLINK
_GET, _DELETE = 1, 2
_FAMILY = struct.pack(">BBH", socket.AF_INET, 0, 0)
_ORIGINAL, _IDENTIFIER, _FILTER = 1, 12, 25  # CTA_TUPLE_ORIG, CTA_ID, CTA_FILTER
_FILTER_DESTINATION = struct.pack("=I", 1 << 1)  # CTA_FILTER_F_CTA_IP_DST
_DELETES_PER_SEND = 100


def original_destinations(channel: Channel, address: str) -> list[bytes]:
    """What identifies each tracked connection whose first packet went to ``address``. Raises NetlinkError."""
    wanted = socket.inet_aton(address)
    body = _FAMILY + nest(_ORIGINAL, nest(1, attribute(2, wanted))) + nest(_FILTER, attribute(1, _FILTER_DESTINATION))
    try:
        answers = channel.dump(_SUBSYSTEM | _GET, body)
    except NetlinkError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
        answers = channel.dump(_SUBSYSTEM | _GET, _FAMILY)
    found = []
    for _, answer in answers:
        entry = attributes(answer, 4)
        addresses = attributes(attributes(entry[_ORIGINAL])[1])
        if addresses.get(2) == wanted:
            found.append(nest(_ORIGINAL, entry[_ORIGINAL]) + attribute(_IDENTIFIER, entry[_IDENTIFIER]))
    return found


def sever(channel: Channel, address: str) -> int:
    """Delete all tracked connections whose first packet went to ``address``; how many. Raises NetlinkError.

    Their next segment is stateless: the base ruleset resets it.
    """
    entries = original_destinations(channel, address)
    for at in range(0, len(entries), _DELETES_PER_SEND):
        some = entries[at : at + _DELETES_PER_SEND]
        for error in channel.send([(_SUBSYSTEM | _DELETE, 0, _FAMILY + entry) for entry in some]).values():
            if error.errno != errno.ENOENT:  # it ended meanwhile
                raise error
    return len(entries)
