// SPDX-License-Identifier: Apache-2.0
// Rules of advice where their condition is made for real, and beside it where all is well.
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Advice } from '../../src/tuning/advice/advise.ts';
import { adviceDuring, python, until } from '../helpers/advice.ts';
import type { TestNetns } from '../helpers/netns.ts';
import { skipFor } from '../helpers/skip.ts';
import { namespacePair } from '../helpers/telemetry-pair.ts';

const named = (advice: readonly Advice[], rule: string) => advice.find((one) => one.rule === rule);
const evidence = (advice: Advice | undefined, what: string) =>
  advice?.evidence.find((one) => one.what === what)?.value;

/** A server that reads all and says that it is there. */
const SERVER = `
import socket, threading
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('10.9.0.2', 7000)); s.listen(64); print('ready')
def drain(c):
    try:
        while c.recv(1 << 16): pass
    except OSError: pass
    c.close()
while True: threading.Thread(target=drain, args=(s.accept()[0],), daemon=True).start()
`;

/** Send so many bytes over one connection. */
const sender = (bytes: number) => `
import socket
s = socket.create_connection(('10.9.0.2', 7000)); print('ready'); s.sendall(b'x' * ${bytes}); s.shutdown(1); s.recv(1)
`;

async function send(from: TestNetns, bytes: number): Promise<void> {
  await using client = await python(from, sender(bytes));
  await client.ended;
}

/** Lose every n-th TCP segment that carries data, on its way in. */
function lose(ns: TestNetns, every: number): void {
  ns.exec('nft', 'add table inet t; add chain inet t in { type filter hook input priority 0; }');
  ns.exec('nft', `add rule inet t in tcp dport 7000 meta length > 500 numgen inc mod ${every} 0 drop`);
}

test('nothing is advised on a quiet pair that moves data', async () => {
  await using pair = await namespacePair('wt-quiet');
  await using _server = await python(pair.right, SERVER);
  expect(await adviceDuring(pair.left, () => send(pair.left, 20_000_000))).toEqual([]);
});

test('listen-overflows: a server that does not accept', async () => {
  await using pair = await namespacePair('wt-listen');
  await using _server = await python(
    pair.right,
    `import socket, time
s = socket.socket(); s.bind(('10.9.0.2', 7000)); s.listen(1000); print('ready'); time.sleep(600)`,
  );
  const connect = async (count: number) => {
    await using _clients = await python(
      pair.left,
      `import socket, time
all = []
for _ in range(${count}):
    s = socket.socket(); s.setblocking(False); s.connect_ex(('10.9.0.2', 7000)); all.append(s)
print('ready'); time.sleep(600)`,
    );
    await sleep(500);
  };
  expect(named(await adviceDuring(pair.right, () => connect(20)), 'listen-overflows')).toBeUndefined();

  await using small = await namespacePair('wt-listen');
  small.right.exec('sysctl', '-qw', 'net.core.somaxconn=16');
  await using _full = await python(
    small.right,
    `import socket, time
s = socket.socket(); s.bind(('10.9.0.2', 7000)); s.listen(1000); print('ready'); time.sleep(600)`,
  );
  await using _clients = await python(
    small.left,
    `import socket, time
all = []
for _ in range(200):
    s = socket.socket(); s.setblocking(False); s.connect_ex(('10.9.0.2', 7000)); all.append(s)
    time.sleep(0.05)
    if len(all) == 1: print('ready')
`,
  );
  const overflows = () =>
    Number(
      /TcpExtListenOverflows\s+(\d+)/.exec(small.right.exec('nstat', '-az', 'TcpExtListenOverflows'))?.[1],
    );
  const advice = named(
    await adviceDuring(small.right, () => until(() => overflows() > 0)),
    'listen-overflows',
  );
  expect(advice?.settings[0]).toMatchObject({ current: 16, handSet: true, proposal: { value: 64 } });
  expect(evidence(advice, 'full queues')).toMatch(/^10\.9\.0\.2:7000 \(17 wait, 16 may\)$/);
});

test('udp-buffers: a program that does not read', async () => {
  await using pair = await namespacePair('wt-udp');
  const reader = (reads: boolean) => `
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20000)
s.bind(('10.9.0.2', 7000)); print('ready')
while True: ${reads ? 's.recv(2000)' : 'time.sleep(1)'}`;
  const flood = `
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(300):
    s.sendto(b'x' * 500, ('10.9.0.2', 7000)); time.sleep(0.002)
`;
  const during = async (reads: boolean) => {
    await using _reader = await python(pair.right, reader(reads));
    return await adviceDuring(pair.right, async () => {
      await using flooding = await python(pair.left, flood, false);
      await flooding.ended;
    });
  };
  expect(named(await during(true), 'udp-buffers')).toBeUndefined();
  const advice = named(await during(false), 'udp-buffers');
  expect(evidence(advice, 'dropped')).toBeGreaterThan(0);
  expect(advice?.settings.every(({ writable }) => !writable)).toBe(true);
});

test('tcp-buffers: small segments fill the buffer before the program reads', async () => {
  await using pair = await namespacePair('wt-rmem');
  pair.right.exec('sysctl', '-qw', 'net.ipv4.tcp_rmem=4096 8192 16384');
  // each segment is a packet of its own, whose memory is many times its data
  pair.left.ip('link', 'set', 'v0', 'gso_max_segs', '1');
  const during = async (server: string, send: string) => {
    await using _server = await python(
      pair.right,
      `import socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('10.9.0.2', 7000)); s.listen(64); print('ready')
${server}`,
    );
    return await adviceDuring(pair.right, async () => {
      await using client = await python(
        pair.left,
        `import socket
all = []
for _ in range(10):
    s = socket.socket(); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88); all.append(s)
    s.connect(('10.9.0.2', 7000)); s.settimeout(0.1)
    try: ${send}
    except OSError: pass`,
        false,
      );
      expect(await client.ended).toBe(0);
    });
  };
  const answers = `while True:
    c = s.accept()[0]
    while c.recv(88): c.send(b'y')`;
  const one = "[(s.settimeout(5), s.send(b'x' * 40), s.recv(1)) for _ in range(100)]; s.close()";
  expect(named(await during(answers, one), 'tcp-buffers')).toBeUndefined();
  const advice = named(await during('time.sleep(600)', "s.sendall(b'x' * 100000)"), 'tcp-buffers');
  expect(evidence(advice, 'pruned')).toBeGreaterThan(1);
  expect(evidence(advice, 'memory pressures')).toBe(0);
  expect(advice?.settings).toMatchObject([
    { current: '4096 8192 16384', handSet: true, writable: true, proposal: { value: '4096 8192 32768' } },
  ]);
});

test('qdisc-drops: more is offered than a shaper lets through', async () => {
  await using pair = await namespacePair('wt-qdisc');
  pair.left.tc('qdisc', 'add', 'dev', 'v0', 'root', 'tbf', 'rate', '1mbit', 'burst', '5k', 'limit', '6k');
  const flood = (packets: number) => async () => {
    await using flooding = await python(
      pair.left,
      `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(${packets}): s.sendto(b'x' * 1000, ('10.9.0.2', 9))
`,
      false,
    );
    await flooding.ended;
  };
  expect(await adviceDuring(pair.left, flood(3))).toEqual([]);
  const advice = named(await adviceDuring(pair.left, flood(300)), 'qdisc-drops');
  expect(advice).toMatchObject({
    id: 'qdisc-drops.v0',
    settings: [],
    manual: expect.stringContaining('raise its rate'),
  });
  expect(evidence(advice, 'dropped')).toBeGreaterThan(0);
});

test('congestion-control and retransmits-small-buffers: segments are lost', async () => {
  await using pair = await namespacePair('wt-loss');
  pair.left.exec(
    'sysctl',
    '-qw',
    'net.ipv4.tcp_congestion_control=reno',
    'net.ipv4.tcp_wmem=4096 16384 262144',
    // what a kernel starts with depends on the memory of the machine
    'net.ipv4.tcp_rmem=4096 131072 6291456',
  );
  await using _server = await python(pair.right, SERVER);
  const whole = await adviceDuring(pair.left, () => send(pair.left, 3_000_000));
  expect(named(whole, 'congestion-control')).toBeUndefined();
  expect(named(whole, 'retransmits-small-buffers')).toBeUndefined();
  lose(pair.right, 20);
  const lossy = await adviceDuring(pair.left, async () => {
    pair.left.ip('link', 'set', 'v0', 'gso_max_segs', '1');
    await send(pair.left, 2_000_000);
  });
  const advice = named(lossy, 'congestion-control')?.settings[0];
  const change = { current: 'reno', handSet: false, writable: true, proposal: { value: 'bbr' } };
  const allowed = pair.left.exec('sysctl', '-n', 'net.ipv4.tcp_allowed_congestion_control');
  if (allowed.includes('bbr')) expect(advice).toMatchObject(change);
  else expect(advice).toBeUndefined();
  expect(named(lossy, 'retransmits-small-buffers')?.settings).toMatchObject([
    { current: '4096 16384 262144', handSet: true, proposal: { value: '4096 16384 4194304' } },
  ]);
});

test('mtu-black-hole: large packets vanish on the way', async () => {
  await using pair = await namespacePair('wt-hole');
  await using _server = await python(pair.right, SERVER);
  pair.right.exec('nft', 'add table inet t; add chain inet t in { type filter hook input priority 0; }');
  pair.right.exec('nft', 'add rule inet t in meta length > 1300 drop');
  const small = await adviceDuring(pair.left, () => send(pair.left, 800));
  expect(named(small, 'mtu-black-hole')).toBeUndefined();
  await using _sender = await python(pair.left, sender(100_000));
  const stuck = () => /backoff:([3-9]|\d\d)/.test(pair.left.exec('ss', '-tin', 'dport = 7000'));
  const advice = named(await adviceDuring(pair.left, () => until(stuck)), 'mtu-black-hole');
  expect(advice?.settings[0]).toMatchObject({ current: 0, handSet: false, proposal: { value: 1 } });
  expect(evidence(advice, 'to')).toBe('10.9.0.2:7000');
});

test('port-exhaustion and time-wait-pressure: short connections to one server', async () => {
  await using pair = await namespacePair('wt-ports');
  await using _server = await python(
    pair.right,
    `import socket
s = socket.socket(); s.bind(('10.9.0.2', 7000)); s.listen(64); print('ready')
while True:
    c = s.accept()[0]; c.recv(1); c.close()`,
  );
  const connect = (count: number) => async () => {
    await using client = await python(
      pair.left,
      `import socket
for _ in range(${count}):
    s = socket.create_connection(('10.9.0.2', 7000)); s.close()`,
      false,
    );
    expect(await client.ended).toBe(0);
    await sleep(300);
  };
  expect(await adviceDuring(pair.left, connect(30))).toEqual([]);
  pair.left.exec('sysctl', '-qw', 'net.ipv4.ip_local_port_range=40000 40149');
  const advice = await adviceDuring(pair.left, connect(105));
  expect(named(advice, 'time-wait-pressure')?.settings[0]).toMatchObject({
    name: 'sysctl net.ipv4.tcp_tw_reuse',
    current: 2,
    handSet: false,
    writable: true,
    proposal: { value: 1 },
  });
  expect(named(advice, 'port-exhaustion')?.settings[0]).toMatchObject({
    current: '40000 40149',
    handSet: true,
    proposal: { value: '10240 65000' },
  });
  const settled = await adviceDuring(pair.right, async () => {});
  expect(settled).toEqual([]);
});

test('time-wait-pressure: the table is full', async () => {
  await using pair = await namespacePair('wt-tw');
  pair.left.exec('sysctl', '-qw', 'net.ipv4.tcp_max_tw_buckets=10');
  await using _server = await python(pair.right, SERVER);
  const advice = await adviceDuring(pair.left, async () => {
    for (let i = 0; i < 3; i++) {
      await using client = await python(
        pair.left,
        `import socket
for _ in range(15):
    s = socket.create_connection(('10.9.0.2', 7000)); s.shutdown(1); s.recv(1); s.close()`,
        false,
      );
      await client.ended;
    }
  });
  expect(advice.find(({ id }) => id === 'time-wait-pressure.table')?.settings[0]).toMatchObject({
    current: 10,
    handSet: true,
    proposal: { value: 1024 },
  });
});

test('transmit-steering: several queues that nobody was given', async (context) => {
  if (availableParallelism() < 2) skipFor(context, 'there is one processor only');
  await using pair = await namespacePair('wt-xps');
  pair.left.ip(
    'link',
    'add',
    'm0',
    'numtxqueues',
    '4',
    'numrxqueues',
    '4',
    'type',
    'veth',
    'peer',
    'name',
    'm1',
  );
  pair.left.ip('link', 'set', 'm0', 'up');
  pair.left.ip('link', 'set', 'm1', 'up');
  const flood = async () => {
    await using flooding = await python(
      pair.left,
      `import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('m0', 0)); end = time.time() + 2
frame = b'\\xff' * 6 + b'\\x02' * 6 + b'\\x88\\xb5' + b'x' * 50
while time.time() < end: s.send(frame)`,
      false,
    );
    await flooding.ended;
  };
  const advice = named(await adviceDuring(pair.left, flood), 'transmit-steering');
  expect(advice).toMatchObject({
    id: 'transmit-steering.m0',
    settings: [{ writable: true, handSet: false }],
  });
  for (const [queue, mask] of Object.entries({ 0: '1', 1: '2' }))
    pair.left.exec(
      'sh',
      '-c',
      `ip netns exec ${pair.left.name} sh -c 'echo ${mask} > /sys/class/net/m0/queues/tx-${queue}/xps_cpus'`,
    );
  expect(named(await adviceDuring(pair.left, flood), 'transmit-steering')).toBeUndefined();
});
