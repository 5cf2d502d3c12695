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
_ORIGINAL, _REPLY, _IDENTIFIER, _FILTER = 1, 2, 12, 25  # CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_ID, CTA_FILTER
_FILTER_DESTINATION = struct.pack("=I", 1 << 1)  # CTA_FILTER_F_CTA_IP_DST
_DELETES_PER_SEND = 100


def destined(channel: Channel, address: str, direction: int = _ORIGINAL) -> list[bytes]:
    """What identifies each tracked connection whose packets of one direction go to ``address``. Raises NetlinkError.

    Of the original direction: those that were opened toward it; of the replies': those that have it as translated source.
    """
    wanted = socket.inet_aton(address)
    flags = attribute(direction, _FILTER_DESTINATION)  # CTA_FILTER_ORIG_FLAGS and _REPLY_FLAGS have the tuples' numbers
    body = _FAMILY + nest(direction, nest(1, attribute(2, wanted))) + nest(_FILTER, flags)
    try:
        answers = channel.dump(_SUBSYSTEM | _GET, body)
    except NetlinkError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
        answers = channel.dump(_SUBSYSTEM | _GET, _FAMILY)
    found = []
    for _, answer in answers:
        entry = attributes(answer, 4)
        addresses = attributes(attributes(entry[direction])[1])
        if addresses.get(2) == wanted:
            found.append(nest(_ORIGINAL, entry[_ORIGINAL]) + attribute(_IDENTIFIER, entry[_IDENTIFIER]))
    return found


def sever(channel: Channel, address: str, identity: str = "") -> int:
    """Delete all tracked connections whose first packet went to ``address``; how many. Raises NetlinkError.

    Where ``address`` is "", those that have ``identity`` as translated source. Their next segment is stateless: the base
    ruleset resets it.
    """
    entries = destined(channel, address) if address else destined(channel, identity, _REPLY)
    for at in range(0, len(entries), _DELETES_PER_SEND):
        some = entries[at : at + _DELETES_PER_SEND]
        for error in channel.send([(_SUBSYSTEM | _DELETE, 0, _FAMILY + entry) for entry in some]).values():
            if error.errno != errno.ENOENT:  # it ended meanwhile
                raise error
    return len(entries)
