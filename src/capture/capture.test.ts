// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BeforeRing } from './before-ring.ts';
import { CaptureFolder } from './folder.ts';
import { CaptureSession } from './session.ts';
import { bufferShare } from './tap.ts';
import { Waker } from './waker.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'wc-folder-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const folder = (name: string, limits = {}) =>
  new CaptureFolder({ directory: join(scratch, name), quotaBytes: 1000, minFreeBytes: 0, ...limits });

test('the last bytes are kept, in their order, and the last portion always', () => {
  const ring = new BeforeRing(10);
  const portion = new Uint8Array(4);
  for (let i = 1; i <= 5; i++) ring.add(portion.fill(i), i);
  expect(ring.take().map(({ bytes, packets }) => [...bytes, packets])).toEqual([
    [4, 4, 4, 4, 4],
    [5, 5, 5, 5, 5],
  ]);
  expect(ring.take()).toEqual([]);
  ring.add(new Uint8Array(100), 1);
  expect(ring.take()).toHaveLength(1);
});

test('what happened before the sleep is not missed', async () => {
  const waker = new Waker();
  waker.wake();
  const started = performance.now();
  await waker.sleep(30_000);
  expect(performance.now() - started).toBeLessThan(10_000);
  const sleeping = waker.sleep(30_000);
  setTimeout(waker.wake, 10);
  await sleeping;
  await waker.sleep(1);
});

test('names of files stay in the folder', () => {
  const here = folder('names');
  expect(here.nameOf('a.pcapng')).toBe('a.pcapng');
  expect(here.nameOf(join(scratch, 'names/b'))).toBe('b');
  for (const name of [
    '..',
    '.',
    '.x',
    '-x',
    'a/b',
    '/a',
    '../names2/x',
    `${scratch}/names2/x`,
    '',
    'a\nb',
    'x'.repeat(300),
  ])
    expect(() => here.nameOf(name), name).toThrow(/captures are written to/);
});

test('quota and free space are looked at before', async () => {
  const here = folder('quota');
  await here.prepare();
  expect(await here.refuses(1000)).toBeUndefined();
  expect(await here.refuses(1001)).toMatch(/quota of 1000/);
  const handle = await here.create('one');
  await handle.close();
  here.account(600);
  expect(await here.refuses(500)).toMatch(/quota/);
  await here.remove('one', 600);
  expect(await here.refuses(1000)).toBeUndefined();
  writeFileSync(join(scratch, 'quota/two'), 'x'.repeat(990));
  await here.prepare();
  expect(await here.refuses(11)).toMatch(/quota/);
  await expect(here.create('two')).rejects.toMatchObject({
    code: 'FILE',
    message: expect.stringContaining('already'),
  });
  await expect(folder('full', { minFreeBytes: 2 ** 60 }).prepare()).rejects.toMatchObject({
    code: 'CAPTURE_SPACE',
  });
});

test('what one has reserved another does not get, and it is no reason to end', async () => {
  const here = folder('reserved');
  await here.prepare();
  expect(await here.reserve(700)).toBe(700);
  expect(await here.reserve(700)).toBe(300);
  expect(await here.reserve(1)).toBe(0);
  expect(await here.refuses(1000)).toBeUndefined();
  here.release(700);
  here.account(650);
  expect(await here.reserve(700)).toBe(50);
  expect(await here.refuses(351)).toMatch(/quota/);
});

test('a folder behind a link is refused, and a link is not followed', async () => {
  mkdirSync(join(scratch, 'real'));
  symlinkSync(join(scratch, 'real'), join(scratch, 'linked'));
  await expect(folder('linked').prepare()).rejects.toMatchObject({
    code: 'FILE',
    message: expect.stringContaining('link'),
  });
  const here = folder('real');
  await here.prepare();
  symlinkSync('/etc/passwd', join(scratch, 'real/x'));
  await expect(here.create('x')).rejects.toMatchObject({ code: 'FILE' });
});

test('what goes wrong while it is waited for is the reason of the end', async () => {
  const session = new CaptureSession({
    taps: [],
    interfaces: [],
    origin: { application: '', os: '', hardware: '' },
    comment: '',
    filter: '',
    limits: { packets: 1, bytes: 1, seconds: 60 },
    trigger: {
      description: 'drops',
      check: () => Promise.reject(new Error('the telemetry has gone')),
      beforeBytes: 1,
      withinSeconds: 60,
    },
    waker: new Waker(),
    largest: 1,
    now: () => 0,
  });
  await expect(session.packets().next()).rejects.toThrow('the telemetry has gone');
  expect(session.report()).toMatchObject({
    state: 'ended',
    end: { reason: 'failed', detail: 'the telemetry has gone' },
  });
});

test('devices of a capture share its buffer, down to what each needs', () => {
  const mebibytes = (bytes: number, devices: number) => bufferShare(bytes << 20, devices) / (1 << 20);
  expect([1, 2, 64].map((devices) => mebibytes(32, devices))).toEqual([32, 16, 4]);
  expect([1, 64].map((devices) => mebibytes(2, devices))).toEqual([2, 2]);
});
