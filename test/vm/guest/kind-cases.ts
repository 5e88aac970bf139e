// SPDX-License-Identifier: Apache-2.0
// What documents can say of the network, kind by kind, and what `ip` and `tc` then show of it. x0 and x1 are a cable.

export interface KindCase {
  /** Below `spec`, without the namespace. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** Command that shows it, and what its output holds. */
  readonly shown: readonly (readonly [string, ...(string | RegExp)[]])[];
}

const link = (kind: string, settings: object, shown: readonly (string | RegExp)[], more: object = {}) => ({
  spec: { links: [{ name: 'n0', kind, state: 'up', ...more, [kind]: settings }] },
  shown: [['ip -d link show dev n0', ...shown]] as KindCase['shown'],
});

const tunnel = (kind: string, shown: string, settings: object = {}) =>
  link(kind, { local: '192.0.2.1', remote: '192.0.2.9', ttl: 9, ...settings }, [shown, 'remote 192.0.2.9']);

const tunnel6 = (kind: string, shown: string) =>
  link(kind, { local: '2001:db8::1', remote: '2001:db8::9' }, [shown, 'remote 2001:db8::9']);

export const LINKS: Readonly<Record<string, KindCase>> = {
  dummy: { ...link('dummy', {}, ['dummy', 'mtu 1400']), ...plain('dummy', { mtu: 1400 }) },
  vlan: link('vlan', { id: 10, flags: ['REORDER_HDR'] }, ['vlan protocol 802.1Q id 10'], { link: 'x0' }),
  'vlan 802.1ad': link('vlan', { id: 7, protocol: '802.1ad' }, ['vlan protocol 802.1ad id 7'], {
    link: 'x0',
  }),
  bridge: link('bridge', { stp_state: 0, forward_delay: 400 }, ['bridge forward_delay 400']),
  'bridge with VLANs': {
    spec: {
      links: [
        { name: 'n0', kind: 'bridge', state: 'up', bridge: { vlan_filtering: 1 } },
        { name: 'x0', state: 'up', master: 'n0' },
      ],
    },
    shown: [['ip -d link show dev n0', 'vlan_filtering 1']],
  },
  vxlan: link('vxlan', { id: 42, remote: '192.0.2.9', port: 4789 }, ['vxlan id 42 remote 192.0.2.9']),
  geneve: link('geneve', { id: 7, remote: '192.0.2.9' }, ['geneve id 7 remote 192.0.2.9']),
  macvlan: link('macvlan', { mode: 'bridge' }, ['macvlan mode bridge'], { link: 'x0' }),
  macvtap: link('macvtap', { mode: 'vepa' }, ['macvtap mode vepa'], { link: 'x0' }),
  ipvlan: link('ipvlan', { mode: 'l2' }, [/ipvlan\s+mode l2/], { link: 'x0' }),
  ipvtap: link('ipvtap', { mode: 'l2' }, [/ipvtap\s+mode l2/], { link: 'x0' }),
  vrf: {
    spec: {
      links: [
        { name: 'n0', kind: 'vrf', state: 'up', vrf: { table: 1001 } },
        { name: 'x0', state: 'up', master: 'n0', addresses: ['192.0.2.1/24'] },
      ],
      routes: [{ dst: '198.51.100.0/24', gateway: '192.0.2.9', dev: 'x0', table: 1001 }],
    },
    shown: [
      ['ip -d link show dev n0', 'vrf table 1001'],
      ['ip route show table 1001', '198.51.100.0/24 via 192.0.2.9 dev x0'],
    ],
  },
  bond: {
    spec: {
      links: [
        { name: 'n0', kind: 'bond', state: 'up', bond: { mode: 'active-backup', miimon: 100 } },
        { name: 'x0', master: 'n0' },
        { name: 'y0', master: 'n0' },
      ],
    },
    shown: [
      ['ip -d link show dev n0', 'bond mode active-backup', 'miimon 100'],
      ['ip link show dev x0', 'master n0'],
    ],
  },
  'bond 802.3ad': link('bond', { mode: '802.3ad', ad_lacp_rate: 'fast', xmit_hash_policy: 'layer3+4' }, [
    'bond mode 802.3ad',
    'lacp_rate fast',
    'xmit_hash_policy layer3+4',
  ]),
  ifb: plain('ifb', {}),
  gre: tunnel('gre', 'gre', { ikey: 5, okey: 5 }),
  gretap: tunnel('gretap', 'gretap'),
  ipip: tunnel('ipip', 'ipip'),
  sit: tunnel('sit', 'sit'),
  ip6gre: tunnel6('ip6gre', 'ip6gre'),
  ip6tnl: tunnel6('ip6tnl', 'ip6tnl'),
  tun: link('tun', { type: 'tap' }, ['tun type tap']),
};

function plain(kind: string, more: object): KindCase {
  return {
    spec: { links: [{ name: 'n0', kind, state: 'up', ...more }] },
    shown: [['ip -d link show dev n0', kind]],
  };
}

const qdisc = (kind: string, settings: object, ...shown: (string | RegExp)[]): KindCase => ({
  spec: { qdiscs: [{ dev: 'x0', kind, handle: '1:', [kind]: settings }] },
  shown: [['tc qdisc show dev x0', `qdisc ${kind} 1: root`, ...shown]],
});

export const QDISCS: Readonly<Record<string, KindCase>> = {
  fq: qdisc('fq', { limit: 5000, flow_limit: 50, maxrate: '100mbit' }, 'limit 5000p', 'maxrate 100Mbit'),
  fq_codel: qdisc('fq_codel', { limit: 2000, flows: 512, target: '7ms' }, 'limit 2000p', 'flows 512'),
  codel: qdisc('codel', { limit: 500, target: '7ms', ecn: true }, 'limit 500p', 'ecn'),
  cake: qdisc('cake', { bandwidth: '100mbit', diffserv: 'diffserv4', nat: true }, 'bandwidth 100Mbit', 'nat'),
  netem: qdisc(
    'netem',
    { limit: 500, delay: { delay: '100ms', jitter: '10ms' } },
    'limit 500',
    'delay 100ms',
  ),
  'netem with loss': qdisc(
    'netem',
    { 'loss-random': { loss: '10%' }, duplicate: { duplicate: '2%' } },
    'loss 10%',
  ),
  sfq: qdisc('sfq', { limit: 100, quantum: 3000, perturb: 10 }, 'limit 100p', 'perturb 10sec'),
  prio: qdisc('prio', { bands: 4 }, 'bands 4'),
  mqprio: {
    spec: {
      qdiscs: [
        {
          dev: 'x0',
          kind: 'mqprio',
          handle: '1:',
          mqprio: {
            tc: 2,
            map: [0, 0, 1, 1],
            queues: [
              [0, 1],
              [2, 3],
            ],
          },
        },
      ],
    },
    shown: [['tc qdisc show dev x0', 'qdisc mqprio 1: root tc 2']],
  },
  red: qdisc('red', { limit: '60kb', min: '15kb', max: '45kb', avpkt: 1000, burst: 20 }, 'limit 60Kb'),
  htb: qdisc('htb', { default: '20' }, 'default 0x20'),
  tbf: qdisc('tbf', { rate: '50mbit', burst: '32kb', latency: '50ms' }, 'rate 50Mbit'),
  'fq_codel below htb': {
    spec: {
      qdiscs: [
        { dev: 'x0', handle: '1:', kind: 'htb', htb: { default: '10' } },
        { dev: 'x0', parent: '1:10', handle: '10:', kind: 'fq_codel' },
      ],
      classes: [{ dev: 'x0', classid: '1:10', kind: 'htb', htb: { rate: '20mbit' } }],
    },
    shown: [['tc qdisc show dev x0', 'qdisc htb 1: root', 'qdisc fq_codel 10: parent 1:10']],
  },
};

const filter = (
  kind: string,
  match: object,
  actions: readonly object[],
  ...shown: (string | RegExp)[]
): KindCase => ({
  spec: {
    qdiscs: [{ dev: 'x0', kind: 'clsact' }],
    filters: [
      {
        dev: 'x0',
        parent: 'ingress',
        protocol: 'ip',
        priority: 5,
        kind,
        [kind]: match,
        actions: [...actions],
      },
    ],
  },
  shown: [['tc filter show dev x0 ingress', `pref 5 ${kind}`, ...shown]],
});

const DROP = { kind: 'gact', gact: { verdict: 'drop' } };

export const FILTERS: Readonly<Record<string, KindCase>> = {
  'flower with gact': filter(
    'flower',
    { ip_proto: 'tcp', dst_ip: '192.0.2.1', dst_port: 443 },
    [DROP],
    'dst_ip 192.0.2.1',
    'dst_port 443',
    'gact action drop',
  ),
  'matchall with police': filter(
    'matchall',
    {},
    [{ kind: 'police', police: { rate: '8mbit', burst: '32k', exceed: 'drop', conform: 'pipe' } }],
    /police 0x\w+ rate 8Mbit burst 32Kb/,
  ),
  'matchall with skbedit': filter(
    'matchall',
    {},
    [{ kind: 'skbedit', skbedit: { mark: 7, priority: '1:10' } }],
    'skbedit',
    'mark 7',
  ),
  'matchall with pedit': filter(
    'matchall',
    {},
    [{ kind: 'pedit', pedit: { keys: [{ header: 'ip4', at: 16, value: 0xc000_0207 }] } }],
    'pedit action pipe keys 1',
    'val c0000207',
  ),
  'matchall with vlan': filter(
    'matchall',
    {},
    [{ kind: 'vlan', vlan: { vlan_action: 'push', id: 100 } }],
    'vlan',
    'push id 100',
  ),
  'matchall with mirred': filter(
    'matchall',
    {},
    [{ kind: 'mirred', mirred: { redirect: 'egress', dev: 'y0' } }],
    'mirred (Egress Redirect to device y0)',
  ),
  'u32 with gact': filter('u32', { dst: '192.0.2.1' }, [DROP], 'match c0000201/ffffffff at 16'),
  fw: {
    spec: {
      qdiscs: [{ dev: 'x0', handle: '1:', kind: 'htb' }],
      classes: [{ dev: 'x0', classid: '1:10', kind: 'htb', htb: { rate: '20mbit' } }],
      filters: [
        {
          dev: 'x0',
          parent: '1:',
          priority: 8,
          protocol: 'ip',
          kind: 'fw',
          fw: { mark: 7 },
          classid: '1:10',
        },
      ],
    },
    shown: [['tc filter show dev x0', 'pref 8 fw', 'handle 0x7', 'classid 1:10']],
  },
};
