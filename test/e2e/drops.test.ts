// SPDX-License-Identifier: Apache-2.0
// Drops by a real agent: over the API, on the command line, in metrics, and in files that Wireshark reads.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DropReport } from '../../src/api/schemas/drops.ts';
import { complaints } from '../../src/base/validate.ts';
import { DroppedPacket } from '../../src/model/drop.ts';
import { type AgentProcess, agentProcess, scratch } from '../helpers/agent-process.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { ask, openStream } from '../helpers/http-fixture.ts';
import { connectTcp, sendUdp } from '../helpers/packets.ts';
import { type NamespacePair, namespacePair } from '../helpers/telemetry-pair.ts';
import { testTerminal } from '../helpers/tmux.ts';
import { run, WEIR } from '../helpers/weir.ts';

/** The ring is the machine's: what others drop meanwhile must not push out what is looked for here. */
const RECORDER = ['--set', 'telemetry.flightRecorder.packets=65536'];
const NFT =
  'add table inet t; add chain inet t in { type filter hook input priority 0; };' +
  'add rule inet t in udp dport 53 drop';

let pair: NamespacePair;
let agent: AgentProcess;
let files: string;
/** The namespace in which packets are dropped: it is watched by an agent in the other. */
let netns: string;

beforeAll(async () => {
  files = scratch();
  pair = await namespacePair('wA');
  netns = pair.right.name;
  pair.right.exec('nft', NFT);
  agent = await agentProcess({
    netns: pair.left.name,
    args: [...RECORDER, '--set', `namespaces.watch=${netns}`],
  });
  sendUdp(pair.left, { to: '10.9.0.2', count: 7 });
  sendUdp(pair.left, { to: '10.9.0.2', port: 53, count: 4 });
  connectTcp(pair.left, '10.9.0.2', 9, 2);
});
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]();
  await pair?.[Symbol.asyncDispose]();
  rmSync(files, { recursive: true });
});

const dropped = { netns: '', device: 'v0', network: 'ipv4', unrecorded: 0 };
const weir = (...args: readonly string[]) => run([...WEIR, '--socket', agent.to.socketPath, ...args]);

/** What was dropped before any test began. */
const expected = () => [
  { ...dropped, netns, reason: 'NO_SOCKET', protocol: 'udp', location: '__udp4_lib_rcv', packets: 7 },
  { ...dropped, netns, reason: 'NETFILTER_DROP', protocol: 'udp', location: 'nft_do_chain', packets: 4 },
  { ...dropped, netns, reason: 'NO_SOCKET', protocol: 'tcp', location: 'tcp_v4_rcv', packets: 2 },
];

describe('counters', () => {
  const items = async (query: string) => {
    const { json } = await ask(agent.to, `/v1/drops?${query}`);
    expect([...complaints(DropReport, json)]).toEqual([]);
    return (json as unknown as DropReport).items;
  };

  it('of one namespace, most first', async () => {
    await expect.poll(() => items(`netns=${netns}`)).toEqual(expected());
    expect(await items('netns=')).toEqual([]);
  });

  it('filtered', async () => {
    expect(await items(`netns=${netns}&reason=NETFILTER_DROP`)).toEqual([expected()[1]]);
    expect(await items(`netns=${netns}&reason=NETFILTER_DROP,NO_SOCKET&device=v0`)).toEqual(expected());
    expect(await items(`netns=${netns}&device=v1`)).toEqual([]);
  });

  it('as metrics', async () => {
    const { body } = await ask(agent.to, '/metrics');
    const lines = body.split('\n').filter((line) => line.startsWith('weir_drops_packets_total{'));
    const labels = `netns="${netns}",reason="NETFILTER_DROP",device="v0",protocol="udp",location="nft_do_chain"`;
    expect(lines).toContain(`weir_drops_packets_total{${labels}} 4`);
    expect(lines.filter((line) => line.includes(`netns="${netns}"`))).toHaveLength(3);
    expect(body).toMatch(/^weir_drops_lost_total 0$/m);
  });

  it('and what makes no sense', async () => {
    const refused = async (query: string) => {
      const { status, json } = await ask(agent.to, `/v1/drops?${query}`);
      return [status, (json as { detail?: string }).detail];
    };
    const slip = 'drop reason "NO_SOCKETS": is not known to this kernel, did you mean "NO_SOCKET"?';
    expect(await refused('reason=NO_SOCKETS')).toEqual([400, slip]);
    expect(await refused('netns=nowhere')).toEqual([404, expect.stringContaining('nowhere')]);
    for (const query of ['device=', 'reason=', 'reason=a,a', 'colour=red', `device=${'x'.repeat(16)}`])
      expect(await refused(query)).toEqual([400, expect.any(String)]);
    expect(await refused('reason=%00%ff')).toEqual([400, expect.any(String)]);
    for (const path of ['packets', 'events'])
      expect((await ask(agent.to, `/v1/drops/${path}?reason=nothing`)).status).toBe(400);
  });
});

describe('the flight recorder', () => {
  it('as lines of JSON', async () => {
    const { body, headers } = await ask(agent.to, `/v1/drops/packets?netns=${netns}`);
    expect(headers['content-type']).toContain('application/x-ndjson');
    const packets = body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as DroppedPacket);
    for (const packet of packets) expect([...complaints(DroppedPacket, packet)]).toEqual([]);
    const count = (reason: string, protocol: string) =>
      packets.filter((one) => one.reason === reason && one.protocol === protocol).length;
    const counts = [count('NO_SOCKET', 'udp'), count('NETFILTER_DROP', 'udp'), count('NO_SOCKET', 'tcp')];
    expect(counts).toEqual([7, 4, 2]);
    const sequences = packets.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    const first = packets.find(({ reason }) => reason === 'NO_SOCKET');
    expect(first).toMatchObject({ link: 'ethernet', length: 62 });
    // the payload is at the end
    expect(
      Buffer.from(first?.data ?? '', 'hex')
        .subarray(-20)
        .toString(),
    ).toBe('weir'.repeat(5));
    expect(Math.abs(Date.parse(first?.time ?? '') - Date.now())).toBeLessThan(60_000);
  });

  it('as a file that capinfos and tshark read, with the reason of each packet', async () => {
    const file = join(files, 'drops.pcapng');
    expect(await weir('drops', '-w', file, '--netns', netns)).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const info = execFileSync('capinfos', ['-M', file], { encoding: 'utf8' });
    expect(info).toMatch(/File type: +.*pcapng/);
    expect(info).toMatch(/Number of packets: +13/);
    expect(info).toMatch(/timestamp precision: +nanoseconds/);
    expect(info).toContain(`Name = ${netns}/v0`);
    const fields = ['frame.comment', 'frame.interface_name', 'frame.protocols', 'frame.len', 'ip.dst'];
    const args = ['-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
    const rows = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe' }).trimEnd().split('\n');
    const row = (comment: string, above: string, length: number) =>
      [comment, `${netns}/v0`, `eth:ethertype:ip:${above}`, length, '10.9.0.2'].join('\t');
    expect(rows).toEqual([
      ...Array(7).fill(row('NO_SOCKET in __udp4_lib_rcv', 'udp:data', 62)),
      ...Array(4).fill(expect.stringMatching(/^NETFILTER_DROP in nft_do_chain\t.*ip:udp/)),
      ...Array(2).fill(row('NO_SOCKET in tcp_v4_rcv', 'tcp', 74)),
    ]);
  });

  it('on standard output', () => {
    const drops = [
      ...WEIR,
      '--socket',
      agent.to.socketPath,
      'drops',
      '-w',
      '-',
      '--reason',
      'netfilter_drop',
    ];
    const command = `${drops.join(' ')} | tshark -r - -T fields -e udp.dstport`;
    const rows = execFileSync('bash', ['-o', 'pipefail', '-c', command], { encoding: 'utf8', stdio: 'pipe' });
    expect(rows).toBe('53\n'.repeat(4));
  });

  it('as it goes on', async () => {
    const stream = await openStream(agent.to, `/v1/drops/events?netns=${netns}&reason=NETFILTER_DROP`);
    sendUdp(pair.left, { to: '10.9.0.2', port: 53, count: 3 });
    sendUdp(pair.left, { to: '10.9.0.2', count: 1 });
    const seen = await stream.until(/(^event: drop\n[\s\S]*?){3}\n\n/m);
    const bodies = [...seen.matchAll(/^data: (.+)$/gm)].map(
      ([, text]) => JSON.parse(text ?? '') as DroppedPacket,
    );
    expect(bodies.map(({ reason, protocol }) => [reason, protocol])).toEqual(
      Array(3).fill(['NETFILTER_DROP', 'udp']),
    );
    stream.close();
  });
});

describe('weir drops', () => {
  it('prints totals', async () => {
    const { stdout, status } = await weir('drops', '--once', '--netns', netns, '--reason', 'no_socket');
    expect(status).toBe(0);
    const [titles, ...rows] = stdout.trimEnd().split('\n');
    expect(titles).toMatch(/^PACKETS +NETNS +DEVICE +REASON +PROTOCOL +LOCATION$/);
    expect(rows.at(-1)).toMatch(new RegExp(`^ +2  ${netns}  v0 +NO_SOCKET +tcp +tcp_v4_rcv$`));
    const json = await weir('drops', '--once', '-o', 'json', '--netns', netns);
    expect((JSON.parse(json.stdout) as DropReport).items.length).toBe(3);
  });

  it('prints what is new as one list in YAML', async () => {
    const args = ['-n', '3', '--interval', '0.7', '-o', 'yaml', '--netns', netns, '--reason', 'no_socket'];
    const running = weir('drops', ...args);
    for (let i = 0; i < 8; i++) {
      sendUdp(pair.left, { to: '10.9.0.2', count: 1 });
      await sleep(400);
    }
    const { stdout, status } = await running;
    expect(status).toBe(0);
    const rows = parse(stdout) as { reason: string; grown: number }[];
    expect(rows.length).toBeGreaterThan(1);
    expect(new Set(rows.map(({ reason }) => reason))).toEqual(new Set(['NO_SOCKET']));
  });

  it('prints what is new', async () => {
    const flags = ['drops', '-n', '1000', '--interval', '0.5', '-o', 'json', '--device', 'v0'];
    const [node = '', ...words] = [...WEIR, '--socket', agent.to.socketPath, ...flags, '--netns', netns];
    const running = spawn(node, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(running, 'close');
    let text = '';
    running.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    const grown = (reason: string) =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { grown: number; reason: string })
        .filter((row) => row.reason === reason)
        .reduce((sum, row) => sum + row.grown, 0);
    // the first look only sets the ground: something that is printed tells that it is over
    while (grown('NO_SOCKET') === 0) {
      sendUdp(pair.left, { to: '10.9.0.2', count: 1 });
      await sleep(200);
    }
    sendUdp(pair.left, { to: '10.9.0.2', port: 53, count: 5 });
    await expect.poll(() => grown('NETFILTER_DROP'), { timeout: 10_000 }).toBe(5);
    await sleep(1200);
    expect(grown('NETFILTER_DROP')).toBe(5);
    running.kill();
    await ended;
  });

  it('is live on a terminal', async () => {
    await using terminal = await testTerminal(100, 24);
    terminal.line(
      [...WEIR, '--socket', agent.to.socketPath, 'drops', '--interval', '0.5', '--netns', netns].join(' '),
    );
    await terminal.until(/^weir drops .*\n\nRATE\/s +PACKETS/);
    sendUdp(pair.left, { to: '10.9.0.2', port: 53, count: 5 });
    const screen = await terminal.until(/^ +[1-9][\d.]* +\d+ +\S+ +v0 +NETFILTER_DROP/m);
    for (const line of screen.split('\n')) expect([...line].length).toBeLessThanOrEqual(100);
    terminal.keys('Space');
    await terminal.until(/paused/);
    terminal.keys('q');
    await terminal.until(/^\$ ?$/m);
    expect(terminal.ask('#{alternate_on}')).toBe('0');
  });

  it('says what is wrong with its arguments', async () => {
    const said = async (...args: readonly string[]) => {
      const { status, stderr } = await weir('drops', ...args);
      return [status, stderr.trimEnd().split('\n')[0]];
    };
    expect(await said('--reason', 'nonsense')).toEqual([
      2,
      expect.stringContaining('drop reason "NONSENSE"'),
    ]);
    expect(await said('--netns', 'nowhere', '--once')).toEqual([1, expect.stringContaining('nowhere')]);
    expect(await said('-n', '0')).toEqual([2, expect.stringContaining('above 0')]);
    expect(await said('-w', join(files, 'x'), '--once')).toEqual([2, expect.stringContaining('--once')]);
    expect(await said('-w', join(files, 'no/such/directory'))).toEqual([
      1,
      expect.stringContaining('ENOENT'),
    ]);
    const kept = join(files, 'never');
    expect(await said('-w', kept, '--netns', 'nowhere')).toEqual([1, expect.stringContaining('nowhere')]);
    expect(existsSync(kept)).toBe(false);
  });
});

it('what was recorded before the agent was killed is there afterwards, and what was dropped meanwhile', async () => {
  using pins = bpffs();
  await using stack = new AsyncDisposableStack();
  const directory = scratch();
  stack.defer(() => rmSync(directory, { recursive: true }));
  const args = [...RECORDER, '--pin-dir', join(pins.path, 'weir'), '--set', `namespaces.watch=${netns}`];
  const start = async () => stack.use(await agentProcess({ netns: pair.left.name, directory, args }));
  const first = await start();
  sendUdp(pair.left, { to: '10.9.0.2', count: 3 });
  first.signal('SIGKILL');
  await first.ended();
  sendUdp(pair.left, { to: '10.9.0.2', count: 2 });
  const second = await start();
  const { body } = await ask(second.to, `/v1/drops/packets?netns=${netns}&reason=NO_SOCKET`);
  expect(body.trimEnd().split('\n')).toHaveLength(5);
});

it('without the program it says so', async () => {
  await using without = await agentProcess({
    netns: pair.left.name,
    args: ['--set', 'telemetry.disable=drops'],
  });
  for (const path of ['/v1/drops', '/v1/drops/packets', '/v1/drops/events']) {
    const { status, json } = await ask(without.to, path);
    expect([status, (json as { detail?: string }).detail]).toEqual([
      404,
      expect.stringContaining('switched off'),
    ]);
  }
});
