// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { LinkStatsItem } from '../../api/schemas/stats.ts';
import { paintPlain } from '../output/style.ts';
import { widthOf } from '../output/text.ts';
import { renderFrame, type Screen, settle } from './frame.ts';
import { parseKeys, pressKey } from './keys.ts';
import { ratesBetween } from './rates.ts';
import { SORT_ORDERS, sortDevices } from './sort.ts';
import { sparkline } from './sparkline.ts';
import { HISTORY_LENGTH, initialState, shownDevices, type TopState, withReport } from './state.ts';

const NODE = { hostname: 'edge-7', uptimeSeconds: 90_000 };
const ZERO = { bytes: 0, packets: 0, errors: 0, dropped: 0 };

function device(ifname: string, rest: Partial<LinkStatsItem> = {}): LinkStatsItem {
  return { netns: '', ifindex: 2, ifname, operstate: 'UP', qdisc: 'noqueue', rx: ZERO, tx: ZERO, ...rest };
}

function stateOf(...samples: LinkStatsItem[][]): TopState {
  return samples.reduce(
    (state, items, i) => withReport(state, { timestamp: i * 2000, items }, NODE),
    initialState(),
  );
}

const lines = (state: TopState, screen: Screen) => renderFrame(state, screen).map(paintPlain);
const press = (state: TopState, ...keys: readonly string[]) => keys.reduce(pressKey, state);
const names = (state: TopState) => shownDevices(state).map((shown) => shown.ifname);

const SITE = stateOf(
  [
    device('eth0', { kind: 'veth' }),
    device('eth10', { netns: 'edge1' }),
    device('eth9', { netns: 'edge1', operstate: 'DOWN' }),
  ],
  [
    device('eth0', {
      kind: 'veth',
      qdisc: 'tbf',
      rx: { bytes: 250_000, packets: 500, errors: 4, dropped: 0 },
      tx: { bytes: 2_500_000, packets: 2000, errors: 0, dropped: 20 },
      queue: { backlog: 4500, qlen: 3, drops: 0, requeues: 0, overlimits: 0 },
    }),
    device('eth10', { netns: 'edge1', rx: { ...ZERO, bytes: 50_000, packets: 4000 } }),
    device('eth9', { netns: 'edge1', operstate: 'DOWN' }),
  ],
);

test('computes rates per second from the time between the samples', () => {
  const [eth0] = SITE.devices;
  expect(eth0?.rx).toEqual({
    bitsPerSecond: 1_000_000,
    packetsPerSecond: 250,
    errorsPerSecond: 2,
    dropsPerSecond: 0,
  });
  expect(eth0?.tx.dropsPerSecond).toBe(10);
});

test('a new device and a counter that went backwards have no rate', () => {
  const at = (timestamp: number, items: LinkStatsItem[]) => ({ timestamp, items });
  const busy = device('eth0', { rx: { ...ZERO, bytes: 1000 } });
  const rates = ratesBetween(
    at(0, [busy]),
    at(1000, [device('eth0'), device('new', { ifindex: 9, rx: busy.rx })]),
  );
  expect(rates.map((rate) => rate.rx.bitsPerSecond)).toEqual([0, 0]);
  expect(ratesBetween(at(5, [device('eth0')]), at(5, [busy]))[0]?.rx.bitsPerSecond).toBe(0);
});

test('a device that took the name of another starts anew', () => {
  const old = { timestamp: 0, items: [device('eth0', { rx: { ...ZERO, bytes: 10 } })] };
  const young = { timestamp: 1000, items: [device('eth0', { ifindex: 3, rx: { ...ZERO, bytes: 9999 } })] };
  expect(ratesBetween(old, young)[0]?.rx.bitsPerSecond).toBe(0);
});

test('history forgets vanished devices and is bounded', () => {
  const samples = Array.from({ length: HISTORY_LENGTH + 20 }, () => [device('eth0')]);
  const state = stateOf(...samples, [device('eth1', { ifindex: 3 })]);
  expect([...state.history.keys()]).toEqual(['/3/eth1']);
  expect(stateOf(...samples).history.get('/2/eth0')).toHaveLength(HISTORY_LENGTH);
});

test.each([80, 100, 132, 200])('a frame fills %d columns by 24 lines and never more', (width) => {
  for (const state of [SITE, press(SITE, 'g'), press(SITE, 'h'), press(SITE, '/', 'x')]) {
    const frame = lines(state, { width, height: 24 });
    expect(frame).toHaveLength(24);
    for (const line of frame) expect(widthOf(line)).toBeLessThanOrEqual(width);
  }
});

test.each([
  [1, 1],
  [5, 3],
  [20, 5],
])('a screen of %d by %d is no reason to fail', (width, height) => {
  for (const state of [SITE, press(SITE, 'g', 'end'), press(SITE, 'h'), initialState()]) {
    const frame = lines(settle(state, { width, height }), { width, height });
    expect(frame).toHaveLength(height);
    for (const line of frame) expect(widthOf(line)).toBeLessThanOrEqual(width);
  }
});

test('shows node, totals, rates, drops, errors and queue at 80 columns', () => {
  const frame = lines(SITE, { width: 80, height: 24 });
  expect(frame[0]).toMatch(
    /^weir top {2}edge-7 {2}agent up 1d 1h {2}3 devices, 2 netns +every 1s {2}\d\d:\d\d:\d\d$/,
  );
  expect(frame[1]).toContain(
    'rx 1.20Mb/s 2.25kp/s  tx 10.0Mb/s 1.00kp/s  drops 10/s  errors 2/s  by bits/s ↓',
  );
  expect(frame[3]).toMatch(
    /^DEVICE +NETNS +STATE +RX b\/s TX b\/s RX p\/s TX p\/s DROP\/s +ERR\/s BACKLOG +QLEN/,
  );
  expect(frame[4]).toMatch(/^eth0 +\(own\) +up +1\.00M +10\.0M +250 +1\.00k +10 +2 +4\.50k +3/);
  expect(frame[5]).toMatch(/^eth10 +edge1 +up +200k +0 +2\.00k +0 +0 +0 +- +-/);
});

test('gives columns up one by one, the least important first, and keeps the device', () => {
  const titles = (width: number) =>
    lines(SITE, { width, height: 24 })[3]
      ?.trim()
      .split(/ {1,}(?=[A-Z])/) ?? [];
  // From 96 columns on the history has a place of its own.
  for (const [widest, narrowest] of [
    [200, 96],
    [95, 10],
  ] as const) {
    let before = Number.POSITIVE_INFINITY;
    for (let width = widest; width >= narrowest; width--) {
      const now = titles(width);
      expect(now[0]).toBe('DEVICE');
      expect(now.length).toBeLessThanOrEqual(before);
      before = now.length;
    }
  }
  expect(titles(24)).toEqual(['DEVICE', 'RX b/s', 'TX b/s']);
});

test('wide screens show kind, state, qdisc and history', () => {
  const frame = lines(SITE, { width: 150, height: 24 });
  expect(frame[3]).toMatch(/KIND.*STATE.*QDISC.*HISTORY/);
  expect(frame[4]).toMatch(/veth.*up.*tbf.*█$/);
  expect(frame.find((line) => line.startsWith('eth9'))).toMatch(/down/);
});

test('sorts by every key, natural order of names, stable between equals', () => {
  expect(names(press(SITE, 'n'))).toEqual(['eth0', 'eth9', 'eth10']);
  expect(names(press(SITE, 'n', 'v'))).toEqual(['eth10', 'eth9', 'eth0']);
  expect(names(press(SITE, 'p'))).toEqual(['eth10', 'eth0', 'eth9']);
  expect(names(press(SITE, 'e'))).toEqual(['eth0', 'eth9', 'eth10']);
  for (const order of SORT_ORDERS) {
    expect(press(SITE, order.key).order).toBe(order);
    expect(sortDevices(SITE.devices, order, false)).toHaveLength(3);
  }
  const cycled = SORT_ORDERS.map(() => 's');
  expect(press(SITE, ...cycled).order).toBe(SITE.order);
});

test('filters by name, namespace and kind while typing, and by activity', () => {
  expect(names(press(SITE, '/', 'e', 'd', 'g', 'E', 'enter'))).toEqual(['eth10', 'eth9']);
  expect(names(press(SITE, '/', 'v', 'e', 't', 'h', 'enter'))).toEqual(['eth0']);
  expect(names(press(SITE, '/', 'q'))).toEqual([]);
  expect(press(SITE, '/', 'q').quit).toBe(false);
  expect(names(press(SITE, '/', 'q', 'backspace', 'enter'))).toHaveLength(3);
  expect(names(press(SITE, '/', 'q', 'escape'))).toHaveLength(3);
  expect(names(press(SITE, 'a'))).toEqual(['eth0', 'eth10']);
  expect(lines(press(SITE, '/', 'e', 't'), { width: 80, height: 24 }).at(-1)).toBe('filter: et▏');
});

test('groups by namespace with sums', () => {
  const frame = lines(press(SITE, 'g'), { width: 80, height: 24 });
  expect(frame[4]).toMatch(/^\(own\) .* 1\.00M +10\.0M/);
  expect(frame[5]).toMatch(/^ {2}eth0 /);
  expect(frame[6]).toMatch(/^edge1 /);
  expect(frame[3]).not.toContain('NETNS');
});

test('scrolls inside the list and says where it is', () => {
  const many = stateOf(Array.from({ length: 30 }, (_, i) => device(`eth${i}`, { ifindex: i + 1 })));
  const screen = { width: 80, height: 24 };
  const end = settle(press(many, 'end'), screen);
  expect(end.scroll).toBe(11);
  expect(lines(end, screen)[22]).toMatch(/^eth29 /);
  expect(lines(end, screen).at(-1)).toMatch(/12-30 of 30$/);
  expect(settle(press(end, 'up', 'up'), screen).scroll).toBe(9);
  expect(press(many, 'up').scroll).toBe(0);
});

test('pauses, changes the interval, asks for help and quits', () => {
  expect(press(SITE, ' ').paused).toBe(true);
  expect(press(SITE, '+').intervalSeconds).toBe(2);
  expect(press(SITE, '-', '-', '-').intervalSeconds).toBe(0.5);
  expect(press({ ...SITE, intervalSeconds: 45 }, '+').intervalSeconds).toBe(60);
  expect(press(SITE, 'h', 'x').help).toBe(false);
  expect(press(SITE, 'h', 'q').quit).toBe(true);
  expect(press(SITE, '/', 'interrupt').quit).toBe(true);
});

test('shows why a sample failed and goes on', () => {
  const failed = { ...SITE, problem: 'no agent answers' };
  expect(lines(failed, { width: 80, height: 24 }).at(-1)).toMatch(/^no agent answers/);
  expect(withReport(failed, { timestamp: 9000, items: [] }, NODE).problem).toBeUndefined();
});

test('batch frames have every device and no footer', () => {
  const frame = lines(SITE, { width: 200 });
  expect(frame).toHaveLength(3 + 1 + 3);
});

test('splits what a terminal sends into keys', () => {
  expect(parseKeys('q\u001b[A\u001b[6~\u001bOB\r\u007fä\u0003')).toEqual([
    'q',
    'up',
    'page-down',
    'down',
    'enter',
    'backspace',
    'ä',
    'interrupt',
  ]);
  expect(parseKeys('\u001b')).toEqual(['escape']);
  expect(parseKeys('\u001b[1;5C')).toEqual(['\u001b[1;5C']);
  expect(press(SITE, '\u001b[1;5C')).toEqual(SITE);
});

test('draws a sparkline against its own highest value, newest at the right', () => {
  expect(sparkline([0, 50, 100], 5)).toBe('  ▁▅█');
  expect(sparkline([0, 0], 2)).toBe('▁▁');
  expect(sparkline([1, 2, 3, 4], 2)).toBe('▆█');
  expect(sparkline([], 3)).toBe('   ');
});
