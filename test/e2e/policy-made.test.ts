// SPDX-License-Identifier: Apache-2.0
// Devices that the agent makes itself, under names that endpoints have.
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { PolicyReport } from '../../src/api/schemas/policies.ts';
import { python } from '../helpers/advice.ts';
import { agentProcess, scratch } from '../helpers/agent-process.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { apply, ask, network } from '../helpers/change-client.ts';
import { netns } from '../helpers/netns.ts';

const AT_ONCE = { confirmSeconds: 0, probes: ['none'] };
const MAC = '02:00:00:00:00:99';
const HERE = '10.99.0.1';
const PORT = 9999;

/** Sends to the other end of eth9 whenever there is such a device, and switches it on as soon as there is. */
const FLOOD = `
import fcntl, socket, struct, time
packet = bytes.fromhex('${MAC.replaceAll(':', '')}' + '020000000098' + '0800')
ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 29, 0, 0, 64, 17, 0, socket.inet_aton('10.99.0.2'), socket.inet_aton('${HERE}'))
total = sum(struct.unpack('!10H', ip))
total = (total & 0xffff) + (total >> 16)
ip = ip[:10] + struct.pack('!H', ~total & 0xffff) + ip[12:]
packet += ip + struct.pack('!HHHH', 4000, ${PORT}, 9, 0) + b'x'
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print('ready')
while True:
  try:
    fcntl.ioctl(control, 0x8914, struct.pack('16sH14x', b'eth9', 1))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
      sender.bind(('eth9', 0))
      while True:
        sender.send(packet)
        time.sleep(0.0001)
  except OSError:
    time.sleep(0.0001)
`;

/** Prints how many packets it has, for each that comes. */
const COUNTER = `
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(('${HERE}', ${PORT}))
print('0')
count = 0
while True:
  server.recv(100)
  count += 1
  print(count)
`;

function policy(action: 'allow' | 'deny'): object {
  return {
    apiVersion: 'weir.dev/v1',
    kind: 'Policy',
    metadata: { name: 'guard' },
    spec: { tier: 'admin', endpoints: {}, ingress: [{ name: 'all', action }] },
  };
}

test.each([
  ['veth', { name: 'made0', kind: 'veth', veth: { peer: 'eth9' } }],
  ['veth in a bridge', { name: 'made0', kind: 'veth', veth: { peer: 'eth9' }, master: 'br0' }],
])('no packet passes a device before its policy is on it: %s', async (_, link) => {
  await using here = await netns('wP');
  await using there = await netns('wP');
  using pins = bpffs();
  const directory = scratch();
  try {
    here.exec('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0');
    here.ip('link', 'add', 'br0', 'address', MAC, 'type', 'bridge');
    here.ip('link', 'set', 'br0', 'up');
    here.ip('addr', 'add', `${HERE}/32`, 'dev', 'lo');
    await using agent = await agentProcess({
      netns: here.name,
      directory,
      args: ['--pin-dir', pins.path, '--set', 'telemetry.disable=all'],
    });
    const socket = agent.to.socketPath;
    const endpoint = {
      apiVersion: 'weir.dev/v1',
      kind: 'Endpoint',
      metadata: { name: 'made' },
      spec: { side: 'host', devices: ['made*'] },
    };
    await using _flood = await python(there, FLOOD);
    await using counter = await python(here, COUNTER);
    const device = {
      ...link,
      state: 'up',
      ...('master' in link ? {} : { address: MAC }),
      veth: { ...link.veth, peer_netns: there.name },
    };
    for (let round = 0; round < 5; round++) {
      const documents = [network('made', { links: [device] }), endpoint, policy('deny')];
      expect(await apply(socket, documents, AT_ONCE)).toMatchObject({ status: 'confirmed' });
      await sleep(100);
      await apply(socket, [network('made', { links: [] })], AT_ONCE);
    }
    expect(counter.lines()).toEqual(['0']);
    const { body } = await ask(socket, 'GET', '/v1/policies/guard');
    expect((body as PolicyReport).rules[0]?.packets).toBeGreaterThan(10);
    // it would have come through
    await apply(socket, [network('made', { links: [device] }), policy('allow')], AT_ONCE);
    await expect.poll(() => counter.lines().length, { timeout: 10_000 }).toBeGreaterThan(10);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
