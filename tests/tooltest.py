# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the tool share: TAP, running the tool, small captures made and read back.

Python's standard library alone, so that the tests need nothing but python3.
"""
import collections
import gzip
import hashlib
import ipaddress
import os
import shutil
import struct
import subprocess
import sys

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MARKER = b"PAYLOAD-MUST-NOT-LEAVE"


class Tap:
    """Counts test cases and prints one line each, as TAP wants it."""

    def __init__(self):
        self.n = 0
        self.n_bad = 0

    def ok(self, is_good, name, *details):
        self.n += 1
        self.n_bad += not is_good
        print("%s %d - %s" % ("ok" if is_good else "not ok", self.n, name))
        if not is_good:
            for detail in details:
                for line in str(detail).splitlines():
                    print("#   " + line)
        sys.stdout.flush()

    def skip(self, name, why):
        self.n += 1
        print("ok %d - %s # SKIP %s" % (self.n, name, why))

    def end(self):
        print("1..%d" % self.n)
        sys.exit(1 if self.n_bad else 0)


def run(command, **more):
    """Runs a command to its end, with what it printed as bytes."""
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("timeout", 100)
    return subprocess.run(command, stdout=more.pop("stdout", subprocess.PIPE),
                          stderr=more.pop("stderr", subprocess.PIPE), check=False, **more)


def names_in(value):
    """Every member's name in what json.load() gave, whatever the depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


def has(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is not None


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


# ---- captures made --------------------------------------------------------------------------

def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(source, destination, ports, flags, seq, ack, payload=b"", options=b"", ttl=64, ip_id=1,
          macs=(b"\x00\x11\x22\x33\x44\x55", b"\x00\x66\x77\x88\x99\xaa")):
    """An Ethernet frame with a TCP segment, IPv4 or IPv6 as its addresses are."""
    here, there = ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed
    tcp = struct.pack("!HHIIBBHHH", ports[0], ports[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                      (20 + len(options)) // 4 << 4, flags, 501, 0, 0) + options + payload
    pseudo = here + there + struct.pack("!II", len(tcp), 6)
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    if len(here) == 4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), ip_id, 0x4000, ttl, 6, 0)
        ip = ip[:10] + struct.pack("!H", checksum(ip + here + there)) + here + there
        kind = 0x0800
    else:
        ip = struct.pack("!IHBB", 6 << 28, len(tcp), 6, ttl) + here + there
        kind = 0x86DD
    return macs[1] + macs[0] + struct.pack("!H", kind) + ip + tcp


def message(port, side, n_bytes):
    """What client (0) or server (1) say on a port, @n_bytes of it."""
    heads = {80: (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n"),
             25: (b"EHLO ", b"250 "), 22: (b"SSH-2.0-", b"SSH-2.0-")}
    head = heads.get(port, (b"", b""))[side]
    return (head + MARKER * (n_bytes // len(MARKER) + 1))[:n_bytes - 2] + b"\r\n"


def flow(start, client, server, ports, requests, answer=2000):
    """The frames of a conversation: (time, frame). Its payload is MARKER over and over, in messages
    that begin and end as those of the server's port do, so that Wireshark knows them."""
    syn_options = bytes.fromhex("020405b40402080a") + struct.pack("!II", 1000, 0) + b"\1\3\3\7"
    frames, at, seqs = [], start, [1000 + ports[0], 900000 + ports[1]]
    ends = (client, server)

    def send(side, flags, payload=b"", options=b""):
        nonlocal at
        stamps = b"\1\1\x08\x0a" + struct.pack("!II", int(at * 1000) & 0xFFFFFFFF, 7)
        frames.append((at, frame(ends[side], ends[1 - side], (ports[side], ports[1 - side]), flags,
                                 seqs[side], seqs[1 - side] if flags & ACK else 0, payload,
                                 options or stamps, ttl=64 if side == 0 else 57,
                                 ip_id=len(frames) + 1,
                                 macs=(MACS[side], MACS[1 - side]))))
        seqs[side] += len(payload) + bool(flags & (SYN | FIN))
        at += 0.003 + 0.001 * side

    send(0, SYN, options=syn_options)
    send(1, SYN | ACK, options=syn_options)
    send(0, ACK)
    for n in range(requests):
        send(0, PSH | ACK, message(ports[1], 0, 60 + 17 * n))
        reply = message(ports[1], 1, answer)
        for at_byte in range(0, answer, 1448):
            send(1, ACK | (PSH if answer - at_byte <= 1448 else 0), reply[at_byte:at_byte + 1448])
        send(0, ACK)
    send(0, FIN | ACK)
    send(1, FIN | ACK)
    send(0, ACK)
    return frames


MACS = (b"\x00\x11\x22\x33\x44\x55", b"\x00\x66\x77\x88\x99\xaa")
CLIENTS = ["10.20.30.%d" % n for n in (1, 2, 3)] + ["fd00:77::1", "fd00:77::2"]
SERVERS = {4: ["172.20.1.80", "172.20.1.25"], 6: ["fd00:88::80", "fd00:88::25"]}
PORTS = (80, 443, 25, 22)


def conversation(n_flows=24):
    """Flows of three IPv4 and two IPv6 clients with two servers each, in order of time."""
    frames = []
    for n in range(n_flows):
        client = CLIENTS[n % len(CLIENTS)]
        server = SERVERS[6 if ":" in client else 4][n % 2]
        frames += flow(1700000000 + 0.7 * n, client, server, (40000 + 3 * n, PORTS[n % 4]),
                       1 + n % 3, 700 * (1 + n % 4))
    return sorted(frames, key=lambda row: row[0])


def pcap(frames, link_type=1, snap=65535):
    """A classic pcap file with microseconds."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, link_type)]
    for time, data in frames:
        whole = int(time)
        out.append(struct.pack("<IIII", whole, round((time - whole) * 1e6) % 1000000,
                               min(len(data), snap), len(data)) + data[:snap])
    return b"".join(out)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


# ---- captures read --------------------------------------------------------------------------

Packet = collections.namedtuple("Packet", "ns captured original source destination ports flags"
                                          " seq ack payload macs data")


def read_pcap(path):
    """The packets of one of flowtwin's own captures: nanosecond pcap, Ethernet, TCP over IP."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    magic, = struct.unpack_from("<I", data)
    unit = {0xA1B23C4D: 1, 0xA1B2C3D4: 1000}[magic]
    packets, at = [], 24
    while at < len(data):
        seconds, fraction, captured, original = struct.unpack_from("<IIII", data, at)
        packets.append(_packet(seconds * 10**9 + fraction * unit, original,
                               data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return packets


def _packet(ns, original, data):
    kind, = struct.unpack_from("!H", data, 12)
    if kind == 0x0800:
        header, at, length = (data[14] & 15) * 4, 26, 4
        total, = struct.unpack_from("!H", data, 16)
    else:
        header, at, length = 40, 22, 16
        total = 40 + struct.unpack_from("!H", data, 18)[0]
    tcp = 14 + header
    ports = struct.unpack_from("!HH", data, tcp)
    seq, ack, offset, flags = struct.unpack_from("!IIBB", data, tcp + 4)
    return Packet(ns, len(data), original,
                  str(ipaddress.ip_address(data[at:at + length])),
                  str(ipaddress.ip_address(data[at + length:at + 2 * length])),
                  ports, flags, seq, ack, total - header - (offset >> 4) * 4,
                  (data[6:12], data[0:6]), data)


def flows_of(packets):
    """Packets by flow, whatever their direction; in order of their first one."""
    flows = collections.OrderedDict()
    for packet in packets:
        ends = ((packet.source, packet.ports[0]), (packet.destination, packet.ports[1]))
        flows.setdefault(tuple(sorted(ends)), []).append(packet)
    return flows


def read_table(path):
    """The rows of a label table as dictionaries."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[1:]]
