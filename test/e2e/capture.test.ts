// SPDX-License-Identifier: Apache-2.0
// Captures of the whole agent, against tcpdump, tshark and capinfos.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CaptureAgent, captureAgent, framesOf, start, until } from '../helpers/capture-agent.ts';
import { sendUdp } from '../helpers/packets.ts';
import { run } from '../helpers/weir.ts';

let it: CaptureAgent;
beforeAll(async () => {
  it = await captureAgent('wc-one');
});
afterAll(() => it?.[Symbol.asyncDispose]());

const WHOLE = [
  'frame.len',
  'frame.cap_len',
  'eth.src',
  'eth.dst',
  'ip.src',
  'ip.id',
  'udp.srcport',
  'udp.length',
  'data.data',
];
const kept = (name: string) => join(it.folder, 'kept', name);

test('a file equals that of tcpdump, frame for frame, and tshark reads it', async () => {
  const { near, far } = it;
  const dump = join(it.folder, 'tcpdump.pcap');
  const words = ['tcpdump', '-U', '-i', 'cap0', '-w', dump, 'udp'];
  const tcpdump = start('nsenter', `--net=/run/netns/${near.name}`, ...words);
  await until(tcpdump.errors, (text) => text.includes('listening'));
  const capture = it.background('capture', 'cap0', 'udp', '-w', 'same.pcapng');
  const { id } = await it.running();
  sendUdp(far, { to: '10.7.0.1', count: 30, size: 20 });
  sendUdp(near, { to: '10.7.0.2', count: 30, size: 1400 });
  sendUdp(far, { to: '10.7.0.1', count: 10, size: 4000 });
  await delay(300);
  expect((await it.weir('capture', 'stop', id)).stdout).toContain('stopped by');
  expect(await capture.ended()).toBe(0);
  tcpdump.child.kill('SIGINT');
  await tcpdump.ended();
  const mine = await framesOf(kept('same.pcapng'), ...WHOLE);
  expect(mine).toEqual(await framesOf(dump, ...WHOLE));
  expect(mine.length).toBeGreaterThan(70);
  expect(statSync(kept('same.pcapng')).mode & 0o777).toBe(0o600);
  const { packets, dropped, end, files } = await it.last();
  expect({ packets, dropped, reason: end?.reason, files }).toEqual({
    packets: mine.length,
    dropped: 0,
    reason: 'stopped',
    files: [kept('same.pcapng')],
  });
});

test('devices of two namespaces in one stream, with names, directions, nanoseconds, statistics and the reason', async () => {
  const { far } = it;
  const wanted = ['cap0', `${far.name}/cap1`, 'udp', '-w', '-', '-c', '10', '-s', '50'];
  const capture = it.background('capture', ...wanted);
  await it.running();
  sendUdp(far, { to: '10.7.0.1', count: 20, size: 200 });
  expect(await capture.ended()).toBe(0);
  const file = join(it.folder, 'stream.pcapng');
  writeFileSync(file, capture.output());
  const fields = ['frame.interface_name', 'frame.packet_flags_direction', 'frame.cap_len', 'frame.len'];
  const frames = await framesOf(file, ...fields);
  expect(frames).toHaveLength(10);
  const kinds = new Set(frames);
  for (const kind of kinds)
    expect([`cap0\t0x00000001\t50\t242`, `${far.name}/cap1\t0x00000002\t50\t242`]).toContain(kind);
  const { stdout } = await run(['capinfos', file]);
  expect(stdout).toContain('Time precision = nanoseconds (9)');
  expect(stdout).toMatch(/Number of stat entries = 1/);
  const blocks = await run(['tshark', '-r', file, '-z', 'capinfos', '-q']);
  expect(blocks.status === 0 || blocks.status === 1).toBe(true);
  expect(capture.output().toString('latin1')).toContain('capture ended (packets): the limit of 10 packets');
  expect(capture.errors()).toContain('10 packets captured');
});

test('devices of two namespaces in one file, to the last packet of the limit', async () => {
  const { far } = it;
  const places = ['cap0', `${far.name}/cap1`];
  const capture = it.background('capture', ...places, 'udp', '-w', 'two.pcapng', '-c', '1501');
  await it.running();
  sendUdp(far, { to: '10.7.0.1', count: 1_000, size: 100 });
  expect(await capture.ended()).toBe(0);
  const { packets, devices, end } = await it.ended();
  expect([packets, end?.reason]).toEqual([1_501, 'packets']);
  const names = await framesOf(kept('two.pcapng'), 'frame.interface_name');
  expect(names).toHaveLength(1_501);
  expect(places.map((place) => names.filter((name) => name === place).length)).toEqual(
    devices.map((device) => device.packets),
  );
  expect(Math.min(...devices.map((device) => device.packets))).toBeGreaterThan(500);
});

test('one line for each packet, as tcpdump has them, by pcap', async () => {
  const capture = it.background('capture', 'cap0', 'icmp', '-c', '4');
  await it.running();
  it.near.exec('ping', '-c', '2', '-i', '0.2', '10.7.0.2');
  expect(await capture.ended()).toBe(0);
  const lines = capture.output().toString().trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{9} cap0.* IP 10\.7\.0\.1 > 10\.7\.0\.2: ICMP echo request, id \d+, seq 1, length 64$/,
  );
  expect(lines[3]).toContain('IP 10.7.0.2 > 10.7.0.1: ICMP echo reply');
  const { devices, end } = await it.last();
  expect(devices[0]?.source).toBe('pcap');
  expect(end?.reason).toBe('packets');
});

test('files are rotated by size, and the last ones kept', async () => {
  const request = {
    devices: [{ device: 'cap0' }],
    filter: 'udp',
    file: { name: 'many.pcapng', rotateBytes: 1_048_576, files: 2 },
    detach: true,
  };
  const { body, status } = await it.post(request);
  expect(status).toBe(200);
  const { id } = JSON.parse(body) as { id: string };
  sendUdp(it.far, { to: '10.7.0.1', count: 2_800, size: 1400 });
  await until(it.last, ({ packets }) => packets === 2_800);
  expect((await it.weir('capture', 'stop', id)).status).toBe(0);
  const { files, packets, end } = await it.last();
  const [before, last] = files.map((file) => Number(/many\.(\d{5})\.pcapng$/.exec(file)?.[1]));
  expect(before).toBeGreaterThan(1);
  expect(last).toBe(Number(before) + 1);
  expect(readdirSync(join(it.folder, 'kept')).filter((name) => name.startsWith('many'))).toHaveLength(2);
  expect([packets, end?.reason]).toEqual([2_800, 'stopped']);
  const sizes = files.map((file) => statSync(file).size);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_048_576);
  const counts = await Promise.all(files.map((file) => framesOf(file, 'frame.len')));
  expect(counts[0]?.length).toBeGreaterThan(400);
  expect(counts[1]?.length).toBeGreaterThan(0);
});

test('files are rotated by the clock, also while nothing comes', async () => {
  const request = {
    devices: [{ device: 'cap0' }],
    filter: 'udp',
    file: { name: 'hourly.pcapng', rotateSeconds: 1, files: 100 },
    limits: { seconds: 60 },
    detach: true,
  };
  const { id } = JSON.parse((await it.post(request)).body) as { id: string };
  sendUdp(it.far, { to: '10.7.0.1', count: 3 });
  await until(it.last, ({ packets, files }) => packets === 3 && files.length >= 4);
  sendUdp(it.far, { to: '10.7.0.1', count: 2 });
  await until(it.last, ({ packets }) => packets === 5);
  expect((await it.weir('capture', 'stop', id)).status).toBe(0);
  const { files, end } = await it.last();
  expect(end?.reason).toBe('stopped');
  expect(files).toEqual(files.map((_, i) => kept(`hourly.${String(i + 1).padStart(5, '0')}.pcapng`)));
  const counts = (await Promise.all(files.map((file) => framesOf(file, 'frame.len')))).map(
    ({ length }) => length,
  );
  expect(counts.reduce((sum, count) => sum + count)).toBe(5);
  // between the two there is at least one without packets, which is a whole file all the same
  const busy = counts.flatMap((count, i) => (count > 0 ? [i] : []));
  expect(counts.slice(busy[0], busy.at(-1))).toContain(0);
}, 60_000);

test('a limit of packets is kept to one by one when they come by the thousand', async () => {
  const capture = it.background('capture', 'cap0', 'udp', '-w', 'exact.pcapng', '-c', '1234');
  await it.running();
  sendUdp(it.far, { to: '10.7.0.1', count: 3_000, size: 20 });
  expect(await capture.ended()).toBe(0);
  const { packets, end } = await it.ended();
  expect([packets, end?.reason]).toEqual([1_234, 'packets']);
  expect(await framesOf(kept('exact.pcapng'), 'frame.len')).toHaveLength(1_234);
});

test('limits of bytes and seconds', async () => {
  const request = { devices: [{ device: 'cap0' }], filter: 'udp', limits: { bytes: 20_000, seconds: 20 } };
  const open = await it.open(request);
  sendUdp(it.far, { to: '10.7.0.1', count: 50, size: 1400 });
  expect((await it.ended()).end).toEqual({ reason: 'bytes', detail: 'the limit of 20000 bytes' });
  expect(open.bytes().length).toBeLessThan(20_000 + 1_000);
  const file = { name: 'bytes.pcapng' };
  const written = it.post({ devices: [{ device: 'cap0' }], filter: 'udp', limits: { bytes: 20_000 }, file });
  await it.running();
  sendUdp(it.far, { to: '10.7.0.1', count: 50, size: 1400 });
  await written;
  const { packets, bytes, end } = await it.ended();
  expect(end).toEqual({ reason: 'bytes', detail: 'the limit of 20000 bytes' });
  // a block has 1488 bytes
  expect([packets, bytes]).toEqual([13, 13 * 1_488]);
  expect(await framesOf(kept('bytes.pcapng'), 'frame.len')).toHaveLength(13);
  await it.post({ devices: [{ device: 'cap0' }], filter: 'udp', limits: { seconds: 1 } });
  expect((await it.ended()).end).toEqual({ reason: 'seconds', detail: 'the limit of 1 seconds' });
});

test('many packets make the ring take over from pcap, and none is lost or doubled', async () => {
  const capture = it.background('capture', 'cap0', 'udp', '-c', '30000', '--seconds', '60', '-o', 'json');
  await it.running();
  let sent = 0;
  for (; sent < 30_000 && (await it.last()).devices[0]?.source === 'pcap'; sent += 3_000)
    sendUdp(it.far, { to: '10.7.0.1', count: 3_000, size: 20 });
  await until(it.last, ({ packets }) => packets >= sent || packets === 30_000);
  const { id, devices, packets, dropped } = await it.last();
  await it.weir('capture', 'stop', id);
  expect(await capture.ended()).toBe(0);
  expect(devices[0]?.source).toBe('ring');
  expect([packets, dropped]).toEqual([sent, 0]);
  expect(capture.output().toString().trimEnd().split('\n')).toHaveLength(sent);
});

test('what is wrong with a request is said', async () => {
  const cap0 = [{ device: 'cap0' }];
  const refused = async (body: unknown) => {
    const { status, json } = await it.post(body);
    return [status, json['code'], json['detail']];
  };
  expect(await refused({ devices: cap0, filter: 'tcp prot 80' })).toEqual([
    400,
    'CAPTURE_FILTER',
    'filter "tcp prot 80": syntax error at column 5, "prot"',
  ]);
  expect(await refused({ devices: [{ device: 'cap9' }] })).toEqual([
    404,
    'NOT_FOUND',
    expect.stringContaining('cap0'),
  ]);
  expect(await refused({ devices: [{ netns: 'nope', device: 'cap0' }] })).toEqual([
    404,
    'NOT_FOUND',
    expect.stringContaining('nope'),
  ]);
  for (const name of ['/etc/passwd', '../x', 'a/b', '.hidden', `${it.folder}/kept/../x`, 'x\u0000y'])
    expect(await refused({ devices: cap0, file: { name } })).toEqual([
      400,
      'VALUE',
      expect.stringContaining('captures are written to'),
    ]);
  writeFileSync(kept('there.pcapng'), 'mine');
  expect(await refused({ devices: cap0, file: { name: 'there.pcapng' } })).toEqual([
    500,
    'FILE',
    expect.stringContaining('already'),
  ]);
  for (const [limits, where] of [
    [{ packets: 0 }, 'packets'],
    [{ seconds: 1e9 }, 'seconds'],
    [{ bytes: -1 }, 'bytes'],
    [{ hours: 1 }, 'hours'],
  ] as const)
    expect(await refused({ devices: cap0, limits })).toEqual([
      400,
      'REQUEST_INVALID',
      expect.stringContaining(where),
    ]);
  expect(await refused({ devices: [] })).toEqual([400, 'REQUEST_INVALID', expect.anything()]);
  expect(await refused({ devices: [...cap0, ...cap0] })).toEqual([
    400,
    'VALUE',
    expect.stringContaining('twice'),
  ]);
  expect(await refused({ devices: cap0, detach: true })).toEqual([
    400,
    'VALUE',
    expect.stringContaining('file'),
  ]);
  expect(await refused({ devices: cap0, file: { name: 'one.pcapng', files: 3 } })).toEqual([
    400,
    'VALUE',
    expect.stringContaining('rotateBytes'),
  ]);
  expect(await refused({ devices: cap0, source: 'pcap', direction: 'in' })).toEqual([
    400,
    'VALUE',
    expect.stringContaining('directions'),
  ]);
  const words = await it.weir('capture', 'cap0', '--files', '3');
  expect([words.status, words.stderr]).toEqual([2, expect.stringContaining('--write')]);
  const rate = await it.weir('capture', 'cap0', '--trigger-rate', '0');
  expect([rate.status, rate.stderr]).toEqual([2, expect.stringContaining('there is no --trigger')]);
  const word = await it.weir('capture', 'cap0', '--trigger', 'carrier', '--trigger-rate', 'often');
  expect([word.status, word.stderr]).toEqual([2, expect.stringContaining('must be a number')]);
  expect((await it.list()).every(({ state }) => state === 'ended')).toBe(true);
  expect(existsSync('/etc/passwd.pcapng')).toBe(false);
});

test('as many captures as may, and no more; each is listed', async () => {
  const open = await Promise.all(Array.from({ length: 8 }, () => it.open({ devices: [{ device: 'cap0' }] })));
  const { status, json } = await it.post({ devices: [{ device: 'cap0' }] });
  expect([status, json['code']]).toEqual([429, 'TOO_MANY']);
  const table = await it.weir('capture', 'list');
  for (const { id } of open) expect(table.stdout).toMatch(new RegExp(`^${id} +running +root`, 'm'));
  for (const { id } of open) await it.weir('capture', 'stop', id);
  expect((await it.list()).every(({ state }) => state === 'ended')).toBe(true);
  expect((await it.weir('capture', 'stop', '00000000')).stderr).toContain('no capture named');
  expect(it.agent.log()).toContain(`capture ${open[0]?.id} started`);
  expect(it.agent.log()).toContain(`capture ${open[0]?.id} ended`);
}, 120_000);
