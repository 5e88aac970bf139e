# SPDX-License-Identifier: Apache-2.0
"""Record golden captures: build a namespace, dump it over netlink, store what the kernel sent.

    python3 test/golden/wire/record.py

Needs root; makes and removes two namespaces, named by WEIR_RECORD_NETNS. Each case becomes <case>/capture.bin
(framed messages as received) and <case>/meta.json. expect.json is written by the golden test with
WEIR_UPDATE_GOLDEN=1 and reviewed like code.
"""
import json, os, platform, socket, struct, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
NS = os.environ.get('WEIR_RECORD_NETNS', 'weir-rec')
PEER = NS + '-peer'
ROUTE, SOCK_DIAG, NETFILTER, GENERIC = 0, 4, 12, 16
REQUEST, ACK, DUMP = 1, 4, 0x300

SETUP = '''
ip link set lo up
ip link add v0 type veth peer name v1 netns PEER
ip link add v2 numtxqueues 4 numrxqueues 4 type veth peer name v3 numtxqueues 4 numrxqueues 4
ip link add br0 type bridge stp_state 1 priority 4096
ip link add vx0 type vxlan id 42 dev v0 local 192.0.2.1 group 239.1.1.1 dstport 4789 ttl 16
ip link add vx1 type vxlan external dstport 4790
ip link add vx6 type vxlan id 43 local 2001:db8::1 remote 2001:db8::2 dstport 4789 noudpcsum
ip link add mv0 link v0 type macvlan mode bridge
ip link add mv1 link v0 type macvlan mode source
ip link set mv1 type macvlan macaddr add 02:00:00:00:00:09
ip link add mvt0 link v0 type macvtap mode vepa
ip link add ifb0 type ifb
ip tuntap add tun0 mode tun
ip tuntap add tap0 mode tap multi_queue
ip link set v2 master br0
ip link set v0 alias uplink group 7 mtu 1400
ip link property add dev v0 altname a-rather-long-alternative-name
ip link property add dev v0 altname wan
ip addr add 192.0.2.1/24 brd + dev v0 label v0:x
ip addr add 198.51.100.1 peer 198.51.100.2/32 dev tun0
ip addr add 2001:db8::1/64 dev v0 nodad
ip addr add 2001:db8:1::1/64 dev br0 valid_lft 3600 preferred_lft 1800
ip link set v0 up
ip link set v2 up
ip link set v3 up
ip link set br0 up
ip link set tun0 up
ip link set ifb0 up
ip link set vx0 up
ip link set vx1 up
ip link set mv0 up
ip -n PEER link set v1 up
ip -n PEER addr add 192.0.2.2/24 dev v1
ip route add 203.0.113.0/24 via 192.0.2.2 metric 100 proto static
ip route add 203.0.114.0/24 nexthop via 192.0.2.2 weight 3 nexthop via 192.0.2.3 weight 1
ip route add 203.0.115.0/24 via 192.0.2.2 mtu lock 1300 advmss 1200 initcwnd 20 rto_min 50ms congctl reno
ip route add 203.0.116.0/24 via inet6 2001:db8::2 dev v0
ip route add 203.0.117.0/24 encap ip id 100 dst 192.0.2.9 ttl 9 dev vx1
ip route add blackhole 203.0.118.0/24
ip route add unreachable 203.0.119.0/24 metric 4278198272
ip route add 203.0.120.0/24 via 192.0.2.2 table 1000 src 192.0.2.1 tos 0x10
ip -6 route add 2001:db8:2::/48 encap seg6 mode encap segs 2001:db8::a,2001:db8::b dev v0
ip -6 route add 2001:db8:3::/48 encap seg6local action End dev v0
ip -6 route add 2001:db8:4::/48 nexthop via 2001:db8::2 weight 2 nexthop via 2001:db8::3
ip -6 route add 2001:db8:5::/48 via 2001:db8::2 metric 77 pref high expires 600
ip nexthop add id 1 via 192.0.2.2 dev v0
ip nexthop add id 2 via 192.0.2.3 dev v0 proto static
ip nexthop add id 3 blackhole
ip nexthop add id 4 via 2001:db8::2 dev v0
ip nexthop add id 10 group 1,3/2,5
ip nexthop add id 11 group 1/2 type resilient buckets 16 idle_timer 30 unbalanced_timer 60
ip nexthop add id 12 encap ip id 7 dst 192.0.2.9 dev vx1
ip route add 203.0.121.0/24 nhid 1
ip route add 203.0.122.0/24 nhid 11
ip rule add pref 100 from 192.0.2.0/24 table 1000
ip rule add pref 101 to 203.0.113.0/24 fwmark 0x10/0xff lookup 1001
ip rule add pref 102 iif v0 ipproto tcp dport 80-90 sport 1024 lookup main suppress_prefixlength 0
ip rule add pref 103 uidrange 1000-2000 blackhole
ip rule add pref 104 tos 0x10 goto 32766
ip rule add pref 105 oif v0 l3mdev
ip -6 rule add pref 100 from 2001:db8::/32 table 1000
ip neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev v0
ip neigh add 192.0.2.78 dev v0 nud failed
ip -6 neigh add 2001:db8::77 lladdr 02:00:00:00:00:78 dev v0 router
ip neigh add proxy 192.0.2.99 dev v0
bridge fdb add 02:00:00:00:00:55 dev vx0 dst 192.0.2.55 vni 99
bridge fdb add 02:00:00:00:00:56 dev v2 master static
tc qdisc add dev v0 root handle 1: htb default 20 r2q 10 direct_qlen 500
tc class add dev v0 parent 1: classid 1:1 htb rate 100mbit ceil 200mbit burst 32k
tc class add dev v0 parent 1:1 classid 1:20 htb rate 10gbit ceil 20gbit prio 2
tc qdisc add dev v0 parent 1:20 handle 20: pfifo limit 77
tc qdisc add dev v2 root handle 2: tbf rate 5mbit burst 32k latency 50ms peakrate 10mbit mtu 1600
tc qdisc add dev br0 root handle 3: bfifo limit 100000
tc qdisc add dev v0 ingress
tc qdisc add dev v3 clsact
tc filter add dev v0 parent 1: protocol ip prio 5 u32 match ip dst 203.0.113.0/24 flowid 1:20
tc filter add dev v0 parent ffff: protocol all prio 7 u32 match u32 0 0 action mirred egress redirect dev ifb0
tc filter add dev v3 ingress prio 1 u32 match ip protocol 17 0xff action mirred egress mirror dev ifb0
ethtool -K v2 gro on
nft add table inet t
nft 'add chain inet t c { type filter hook output priority 0 ; }'
nft add rule inet t c ct state new counter
sysctl -qw net.netfilter.nf_conntrack_acct=1
ping -c 1 -W 1 192.0.2.2
'''


def sh(command, check=True):
    done = subprocess.run(command, shell=True, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout


def attr(kind, data):
    return struct.pack('<HH', 4 + len(data), kind) + data + b'\0' * (-len(data) % 4)


class Netlink:
    def __init__(self, protocol):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self.sock.bind((0, 0))
        self.sock.settimeout(5)
        self.sock.setsockopt(270, 11, 1)  # NETLINK_EXT_ACK
        self.sock.setsockopt(270, 12, 1)  # NETLINK_GET_STRICT_CHK
        self.seq = 0

    def exchange(self, kind, flags, payload):
        """Send one request; the raw messages of the answer, errors included, as one byte string."""
        self.seq += 1
        request = struct.pack('<IHHII', 16 + len(payload), kind, flags | REQUEST, self.seq, 0) + payload
        self.sock.send(request)
        out = b''
        while True:
            data = self.sock.recv(1 << 18)
            at, done = 0, False
            while at + 16 <= len(data):
                length, kind_, flags_ = struct.unpack_from('<IHH', data, at)
                done = done or kind_ in (2, 3)
                out += data[at:at + length] + b'\0' * (-length % 4)
                at += (length + 3) & ~3
            if done:
                return request, out


def messages(raw):
    at = 0
    while at + 16 <= len(raw):
        length, kind, flags = struct.unpack_from('<IHH', raw, at)
        yield kind, flags, raw[at:at + length]
        at += (length + 3) & ~3


def store(case, family, what, raw, request=None, header=None):
    wanted = [m for kind, _, m in messages(raw) if kind > 3 or header == 'error']
    keep = b''.join(m + b'\0' * (-len(m) % 4) for m in wanted)
    count = len(wanted)
    if not keep:
        print(f'{case}: nothing')
        return
    folder = os.path.join(HERE, case)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, 'capture.bin'), 'wb') as file:
        file.write(keep)
    if request is not None:
        with open(os.path.join(folder, 'request.bin'), 'wb') as file:
            file.write(request)
    meta = {'family': family, 'what': what, 'messages': count, 'kernel': platform.release(),
            'iproute2': sh('ip -V').decode().strip(), 'byteOrder': sys.byteorder}
    with open(os.path.join(folder, 'meta.json'), 'w') as file:
        file.write(json.dumps(meta, indent=2) + '\n')
    refused = [-struct.unpack_from('<i', m, 16)[0] for kind, _, m in messages(raw) if kind == 2]
    print(f'{case}: {count} messages, {len(keep)} bytes', 'errno', *refused)


def record_route(nl):
    inet, inet6, bridge = 2, 10, 7

    def dump(case, family, what, kind, payload):
        store(case, family, what, nl.exchange(kind, DUMP, payload)[1])

    def ifinfo(family):
        return struct.pack('<BxHiII', family, 0, 0, 0, 0)

    def rtm(family):
        return struct.pack('<B11x', family)

    def ndm(family, flags=0):
        return struct.pack('<BxHiHBB', family, 0, 0, 0, flags, 0)

    u32 = struct.Struct('<I').pack
    dump('links', 'rt-link', 'RTM_GETLINK dump', 18, ifinfo(0))
    dump('stats', 'rt-link:stats', 'RTM_GETSTATS dump, all groups', 94, struct.pack('<BxHII', 0, 0, 0, 0x1f))
    dump('links-bridge', 'rt-link:bridge', 'RTM_GETLINK dump, AF_BRIDGE', 18,
         ifinfo(bridge) + attr(29, u32(2)))
    for name, family in (('4', inet), ('6', inet6)):
        dump('addresses' + name, 'rt-addr', 'RTM_GETADDR dump', 22, struct.pack('<BBBBI', family, 0, 0, 0, 0))
        dump('routes' + name, 'rt-route', 'RTM_GETROUTE dump', 26, rtm(family))
        dump('rules' + name, 'rt-rule', 'RTM_GETRULE dump', 34, rtm(family))
        dump('neighbours' + name, 'rt-neigh', 'RTM_GETNEIGH dump', 30, ndm(family))
    dump('neighbours-proxy', 'rt-neigh', 'RTM_GETNEIGH dump, NTF_PROXY', 30, ndm(inet, 8))
    dump('fdb', 'rt-neigh', 'RTM_GETNEIGH dump, AF_BRIDGE', 30, ndm(bridge))
    dump('neighbour-tables', 'rt-neigh:table', 'RTM_GETNEIGHTBL dump', 66, struct.pack('<BxH', 0, 0))
    dump('nexthops', 'nexthop', 'RTM_GETNEXTHOP dump', 106, bytes(8) + attr(14, u32(1)))
    dump('nexthop-buckets', 'nexthop', 'RTM_GETNEXTHOPBUCKET dump', 118, bytes(8))

    def tcm(index, parent=0):
        return struct.pack('<BxHiIII', 0, 0, index, 0, parent, 0)

    dump('qdiscs', 'tc', 'RTM_GETQDISC dump, with invisible ones', 38, tcm(0) + attr(10, b''))
    for dev in ('v0', 'v3'):
        index = socket.if_nametoindex(dev)
        dump('classes-' + dev, 'tc', 'RTM_GETTCLASS dump', 42, tcm(index))
        for parent, where in ((0, 'root'), (0xffff0000 if dev == 'v0' else 0xfffffff2, 'ingress')):
            dump(f'filters-{dev}-{where}', 'tc', 'RTM_GETTFILTER dump', 46, tcm(index, parent))
    record_errors(nl)


def record_errors(nl):
    v0, ifb0 = (socket.if_nametoindex(name) for name in ('v0', 'ifb0'))
    link = struct.pack('<BxHiII', 0, 0, v0, 0, 0)
    u32 = struct.Struct('<I').pack

    def vxlan(data):
        return attr(18, attr(1, b'vxlan\0') + attr(2, data))

    cases = [
        ('error-mtu', 'rt-link', 19, link + attr(3, b'v0\0') + attr(4, struct.pack('<I', 9))),
        ('error-vxlan-id', 'rt-link', 16, struct.pack('<BxHiII', 0, 0, 0, 0, 0) + attr(3, b'bad\0') +
         vxlan(attr(1, u32(1 << 25)))),
        ('error-short', 'rt-link', 16, struct.pack('<BxHiII', 0, 0, 0, 0, 0) + attr(3, b'bad\0') +
         vxlan(attr(1, b'\1\2'))),
        ('error-route-prefix', 'rt-route', 24, struct.pack('<BBBBBBBBI', 2, 24, 0, 0, 254, 4, 0, 1, 0) +
         attr(1, bytes([10, 1, 2, 3])) + attr(4, u32(v0))),
        ('error-nexthop', 'nexthop', 104, bytes(8) + attr(1, u32(99)) +
         attr(2, struct.pack('<IBBH', 12345, 0, 0, 0))),
        ('error-tbf', 'tc', 36, struct.pack('<BxHiIII', 0, 0, ifb0, 0x10000, 0xffffffff, 0) +
         attr(1, b'tbf\0') + attr(2, attr(1, b'\0' * 4))),
        ('error-missing', 'rt-neigh', 28, struct.pack('<BxHiHBB', 2, 0, v0, 0x80, 0, 0)),
    ]
    for case, family, kind_, payload in cases:
        request, raw = nl.exchange(kind_, ACK | 0x600, payload)
        store(case, family + ':error', 'a request that the kernel refuses', raw, request, 'error')


def record_generic(nl, prefix=''):
    families = nl.exchange(16, DUMP, struct.pack('<BBH', 3, 2, 0))[1]
    store(prefix + 'genl-families', 'nlctrl', 'CTRL_CMD_GETFAMILY dump', families)
    ids = {}
    for _, _, message in messages(families):
        at, name, number = 20, None, None
        while at + 4 <= len(message):
            length, kind = struct.unpack_from('<HH', message, at)
            if length < 4:
                break
            data = message[at + 4:at + length]
            if kind == 2:
                name = data.rstrip(b'\0').decode()
            if kind == 1:
                number = struct.unpack('<H', data)[0]
            at += (length + 3) & ~3
        if name:
            ids[name] = number
    store(prefix + 'genl-policy', 'nlctrl', 'CTRL_CMD_GETPOLICY dump of netdev', nl.exchange(
        16, DUMP, struct.pack('<BBH', 10, 2, 0) + attr(1, struct.pack('<H', ids['netdev'])))[1])
    for part, command in (('dev', 1), ('page-pool', 5), ('queue', 10), ('napi', 11), ('qstats', 12)):
        payload = struct.pack('<BBH', command, 1, 0)
        if part == 'qstats':
            payload += attr(4, struct.pack('<I', 1))
        raw = nl.exchange(ids['netdev'], DUMP, payload)[1]
        store(f'{prefix}netdev-{part}', f'netdev:{part}', f'command {command} dump', raw)
    request, raw = nl.exchange(ids['netdev'], ACK, struct.pack('<BBH', 11, 1, 0))
    refused = 'a request that the kernel refuses'
    store(prefix + 'error-missing-type', 'netdev:napi:error', refused, raw, request, 'error')
    commands = {'strset': 1, 'linkinfo': 2, 'linkmodes': 4, 'linkstate': 6, 'debug': 7, 'wol': 9,
                'features': 11, 'privflags': 13, 'rings': 15, 'channels': 17, 'coalesce': 19, 'pause': 21,
                'eee': 23, 'tsinfo': 25, 'fec': 29, 'stats': 32, 'rss': 38}
    for name, command in commands.items():
        # 4: with statistics; 1: bit sets as bit maps, to keep the captures small.
        flags = 4 if name in ('pause', 'fec', 'linkstate') else 1 if name == 'features' and not prefix else 0
        header = attr(1 | 0x8000, attr(3, struct.pack('<I', flags)))
        more = attr(4 | 0x8000, attr(1, b'')) if name == 'strset' else b''
        if name == 'stats':
            groups = attr(1, b'') + attr(2, struct.pack('<I', 4)) + attr(4, struct.pack('<I', 15))
            payload = struct.pack('<BBH', command, 1, 0)
            payload += attr(2 | 0x8000, header[4:]) + attr(3 | 0x8000, groups)
            raw = nl.exchange(ids['ethtool'], DUMP, payload)[1]
            store(prefix + 'ethtool-stats', 'ethtool:stats', 'ETHTOOL_MSG_STATS_GET dump', raw)
            continue
        raw = nl.exchange(ids['ethtool'], DUMP, struct.pack('<BBH', command, 1, 0) + header)[1]
        store(prefix + 'ethtool-' + name, 'ethtool:' + name, f'command {command} dump', raw)


def record_rest():
    nl = Netlink(NETFILTER)
    nfgen = struct.pack('<BBH', 0, 0, 0)
    store('conntrack', 'ctnetlink', 'IPCTNL_MSG_CT_GET dump', nl.exchange(0x101, DUMP, nfgen)[1])
    raw = nl.exchange(0x104, DUMP, nfgen)[1]
    store('conntrack-stats-cpu', 'ctnetlink:stats', 'IPCTNL_MSG_CT_GET_STATS_CPU dump', raw)
    raw = nl.exchange(0x105, ACK, nfgen)[1]
    store('conntrack-stats', 'ctnetlink:stats-global', 'IPCTNL_MSG_CT_GET_STATS', raw)
    nl = Netlink(SOCK_DIAG)
    server = socket.create_server(('127.0.0.1', 0))
    client = socket.create_connection(server.getsockname())
    datagram = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    datagram.bind(('::1', 0))
    for case, family, protocol in (('sockets-tcp', 2, 6), ('sockets-udp6', 10, 17)):
        request = struct.pack('<BBBBI48x', family, protocol, 0xff, 0, 0xfff)
        store(case, 'inet-diag', 'SOCK_DIAG_BY_FAMILY dump', nl.exchange(20, DUMP, request)[1])
    client.close()


def inner():
    for line in filter(None, SETUP.replace('PEER', PEER).splitlines()):
        done = subprocess.run(line, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            print(f'not set up: {line}: {done.stdout.decode().strip()}')
    record_route(Netlink(ROUTE))
    record_generic(Netlink(GENERIC))
    record_rest()


if __name__ == '__main__':
    if sys.argv[1:] == ['--inner']:
        inner()
    else:
        try:
            for name in (NS, PEER):
                sh(f'ip netns add {name}')
            # Reads only: what a real device has and veth lacks.
            record_generic(Netlink(GENERIC), 'host-')
            subprocess.run(['ip', 'netns', 'exec', NS, sys.executable, __file__, '--inner'], check=True)
        finally:
            for name in (NS, PEER):
                sh(f'ip netns del {name}', check=False)
