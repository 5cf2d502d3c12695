"""What runs in a machine's network with all rights over it: scans, forges and listens, as one JSON argument says; prints JSON.

    {"seconds": S, "scan": ["ADDRESS:PORT", ...],          -> "scan": who accepts a connection or refuses it with a reset
     "echo": [ADDRESS, ...],                               -> "echo": who answers an ICMP echo
     "forge": [[SOURCE, TARGET, PORT], ...],               -> "forge": how many packets came back to a forged source
     "six": true,                                          -> "six": [IPv6 addresses here, answers to all nodes and all routers]
     "unix": [NAME, ...],                                  -> "unix": which abstract unix sockets take a connection
     "watch": [SOURCE, ...]}                               -> "watch": sources seen on any interface here, until all are
                                                              or standard input ends; "ready" comes before

Standard library only. Wire formats: RFC 791, 792, 793, 4443; packet(7).
"""

import json
import resource
import select
import socket
import struct
import sys
import time

ETH_P_ALL, ETH_P_IPV6 = 0x0003, 0x86DD  # linux/if_ether.h
PACKET_OUTGOING = 4  # linux/if_packet.h


def checksum(content):
    """RFC 1071."""
    content += b"\0" * (len(content) % 2)
    total = sum(struct.unpack(f"!{len(content) // 2}H", content))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def scan(seconds, places):
    """Connect to all at once. An answer of any kind counts, a timeout or a router's 'no way' does not."""
    waiting, answered, poll = {}, [], select.poll()
    for place in places:
        address, _, port = place.rpartition(":")
        sock = socket.socket()
        sock.setblocking(False)
        if sock.connect_ex((address, int(port))) in (0, 115):  # EINPROGRESS
            waiting[sock.fileno()] = sock, place
            poll.register(sock, select.POLLOUT)
    until = time.monotonic() + seconds
    while waiting and time.monotonic() < until:
        for number, _ in poll.poll(max(0.0, until - time.monotonic()) * 1000):
            sock, place = waiting.pop(number)
            poll.unregister(sock)
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error in (0, 111, 104):  # accepted, ECONNREFUSED, ECONNRESET
                answered.append(place)
            sock.close()
    return sorted(answered)


def segment(source, target, port):
    """A SYN with its IP header."""
    here, there = socket.inet_aton(source), socket.inet_aton(target)
    bare = struct.pack("!HHLLBBHHH", 40000, port, 1, 0, 5 << 4, 2, 65535, 0, 0)
    sum_ = checksum(here + there + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(bare)) + bare)
    return packet(here, there, socket.IPPROTO_TCP, bare[:16] + struct.pack("!H", sum_) + bare[18:])


def packet(here, there, protocol, content):
    """An IPv4 packet; the kernel fills length and checksum in."""
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 1, 0, 64, protocol, 0, here, there) + content


def forge(seconds, wanted):
    """Send SYNs and questions with others' source addresses, and count what comes back to these."""
    listening = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    listening.bind(("eth0", ETH_P_ALL))
    sending = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x09localhost\0\0\x01\0\x01"
    for source, target, port in wanted:
        here, there = socket.inet_aton(source), socket.inet_aton(target)
        datagram = struct.pack("!HHHH", 40000, 53, 8 + len(question), 0) + question
        for content in (segment(source, target, port), packet(here, there, socket.IPPROTO_UDP, datagram)):
            for _ in range(3):
                sending.sendto(content, (target, 0))
    forged = {socket.inet_aton(source) for source, _, _ in wanted}
    return sum(content[16:20] in forged for content in heard(listening, seconds))


def heard(listening, seconds):
    """The IP packets that come in, until the time is over."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and select.select([listening], [], [], left)[0]:
        content, where = listening.recvfrom(2048)
        if where[2] != PACKET_OUTGOING:
            yield content


def watch(seconds, sources):
    """Which of these come in as source addresses, on whatever interface: until all have, or standard input ends.

    Of TCP and UDP, as they are forged; ICMP errors are what routers say themselves.
    """
    listening = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    print("ready", flush=True)
    wanted = {socket.inet_aton(source): source for source in sources}
    seen = set()
    while len(seen) < len(wanted) and not select.select([sys.stdin], [], [], 0)[0]:
        for content in heard(listening, 0.05):
            if content[9] in (socket.IPPROTO_TCP, socket.IPPROTO_UDP) and content[12:16] in wanted:
                seen.add(wanted[content[12:16]])
    return sorted(seen)


def unix(names):
    """Abstract sockets belong to a network namespace (unix(7))."""
    taken = []
    for name in names:
        with socket.socket(socket.AF_UNIX) as sock:
            if sock.connect_ex("\0" + name) == 0:
                taken.append(name)
    return taken


def echo(seconds, addresses):
    """ICMP echo requests; who replies."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    bare = struct.pack("!BBHHH", 8, 0, 0, 77, 1)
    request = bare[:2] + struct.pack("!H", checksum(bare)) + bare[4:]
    for address in addresses:
        try:
            sock.sendto(request, (address, 0))
        except OSError:
            continue
    answered, until = set(), time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and select.select([sock], [], [], left)[0]:
        content, (address, _) = sock.recvfrom(2048)
        if content[20] == 0 and content[24:26] == bare[4:6]:
            answered.add(address)
    return sorted(answered)


def six(seconds):
    """IPv6: this machine's addresses, and who answers an echo to all nodes and all routers of the link, sent by hand."""
    try:
        with open("/proc/net/if_inet6") as file:
            addresses = [line.split()[0] for line in file if line.split()[-1] != "lo"]
    except FileNotFoundError:
        addresses = []
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IPV6))
    sock.bind(("eth0", ETH_P_IPV6))
    mac = sock.getsockname()[4]
    here = b"\xfe\x80" + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    for last in (1, 2):
        there = b"\xff\x02" + bytes(13) + bytes([last])
        bare = struct.pack("!BBHHH", 128, 0, 0, 77, 1)
        sum_ = checksum(here + there + struct.pack("!LL", len(bare), 58) + bare)
        content = struct.pack("!LHBB", 6 << 28, len(bare), 58, 255) + here + there + bare[:2] + struct.pack("!H", sum_) + bare[4:]
        sock.send(b"\x33\x33\0\0\0" + bytes([last]) + mac + struct.pack("!H", ETH_P_IPV6) + content)
    answered, until = 0, time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and select.select([sock], [], [], left)[0]:
        answered += sock.recvfrom(2048)[1][2] != PACKET_OUTGOING
    return [addresses, answered]


def main():
    asked = json.loads(sys.argv[1])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    seconds, found = asked["seconds"], {}
    for name, work in (("watch", watch), ("scan", scan), ("echo", echo), ("forge", forge)):
        if name in asked:
            found[name] = work(seconds, asked[name])
    if "unix" in asked:
        found["unix"] = unix(asked["unix"])
    if "six" in asked:
        found["six"] = six(seconds)
    print(json.dumps(found))


main()
