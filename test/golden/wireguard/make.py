#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Attributes of the family `wireguard`, laid out by include/uapi/linux/wireguard.h alone, for kernels and machines that
# lack it: make.py writes the files beside it.
import base64
import ipaddress
import pathlib
import socket
import struct

NESTED = 0x8000


def attr(kind, data):
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + bytes(-length % 4)


def nest(kind, *children):
    return attr(kind | NESTED, b"".join(children))


def u32(kind, value):
    return attr(kind, struct.pack("=I", value))


def u16(kind, value):
    return attr(kind, struct.pack("=H", value))


def key(seed):
    return bytes((seed + 7 * i) & 0xFF for i in range(32))


def prefix(index, text):
    network = ipaddress.ip_network(text)
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    address = attr(2, network.network_address.packed)
    return nest(index, u16(1, family), address, attr(3, struct.pack("=B", network.prefixlen)))


def prefixes(*texts):
    return nest(9, *(prefix(i, text) for i, text in enumerate(texts, 1)))


def sockaddr(host, port):
    address = ipaddress.ip_address(host)
    if address.version == 4:
        return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + address.packed + bytes(8)
    return struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, 0) + address.packed + bytes(4)


# WG_CMD_SET_DEVICE: ifindex 7, private key 1, port, mark; peer 10 has all, peer 20 has little.
made = b"".join([
    u32(1, 7),
    attr(3, key(1)),
    u16(6, 51820),
    u32(7, 0x10),
    nest(8,
         nest(1, attr(1, key(10)), attr(2, key(30)), u32(3, 2), attr(4, sockaddr("192.0.2.1", 51820)), u16(5, 25),
              prefixes("10.8.0.0/24", "2001:db8:8::/48")),
         nest(2, attr(1, key(20)), u32(3, 2), attr(4, sockaddr("2001:db8::1", 4242)), u16(5, 0), prefixes())),
])

# The same device afterwards: peer 20 goes, peer 10 has another prefix and no preshared key.
changed = b"".join([
    u32(1, 7),
    nest(8,
         nest(1, attr(1, key(20)), u32(3, 1)),
         nest(2, attr(1, key(10)), attr(2, bytes(32)), u32(3, 2), attr(4, sockaddr("192.0.2.1", 51820)), u16(5, 25),
              prefixes("10.9.0.0/16"))),
])

# The dump, in two messages: the second goes on with the prefixes of peer 10.
shown = [
    b"".join([
        u16(6, 51820), u32(7, 0x10), u32(1, 7), attr(2, b"wg0\0"), attr(3, key(1)), attr(4, key(2)),
        nest(8,
             nest(0, attr(1, key(20)), attr(2, bytes(32)), attr(6, bytes(16)), u16(5, 0), attr(8, bytes(8)),
                  attr(7, bytes(8)), u32(10, 1), attr(4, sockaddr("2001:db8::1", 4242))),
             nest(0, attr(1, key(10)), attr(2, key(30)), attr(6, bytes(16)), u16(5, 25), attr(8, bytes(8)),
                  attr(7, bytes(8)), u32(10, 1), attr(4, sockaddr("192.0.2.1", 51820)),
                  prefixes("2001:db8:8::/48"))),
    ]),
    b"".join([u32(1, 7), nest(8, nest(0, attr(1, key(10)), prefixes("10.8.0.0/24")))]),
]

here = pathlib.Path(__file__).parent
for name, data in {"made": made, "changed": changed, "shown-0": shown[0], "shown-1": shown[1]}.items():
    (here / f"{name}.bin").write_bytes(data)
print("\n".join(f"key {seed}: {base64.b64encode(key(seed)).decode()}" for seed in (1, 2, 10, 20, 30)))
