// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { queueing as collector } from '../../src/metrics/queueing.ts';
import { runDelay } from '../../src/metrics/run-delay.ts';
import { NO_TELEMETRY } from '../../src/observe/telemetry/telemetry.ts';
import { queueing } from '../../src/programs/queueing.ts';
import { EVERY_EVENT, runTelemetry } from '../helpers/telemetry.ts';
import { namespacePair, seriesOf } from '../helpers/telemetry-pair.ts';

const DELAY = 'weir_qdisc_delay_seconds';
/** 10 packets of 1042 bytes at once, and an answer to each. */
const BURST = ['-q', '-c', '10', '-l', '10', '-i', '0.01', '-s', '1000', '10.9.0.2'];

/** All of them, but for one or two whose place in the table of waiting packets was taken by others of this machine. */
function expectAbout(counted: number, packets: number): void {
  expect(counted).toBeLessThanOrEqual(packets);
  expect(counted).toBeGreaterThanOrEqual(packets - 2);
}

test('the delay in a tbf is what its rate makes of it', async () => {
  await using pair = await namespacePair('wBtbf');
  // 10,000 bytes a second: the burst takes 0.88 s, and its packets wait 4.2 s together
  pair.left.tc(...'qdisc add dev v0 root handle 5: tbf rate 80kbit burst 1600 limit 100000'.split(' '));
  using running = runTelemetry(queueing);
  pair.left.exec('ping', ...BURST);

  const series = await seriesOf(pair.left, collector, running.maps);
  const labels = '{device="v0",kind="tbf",handle="5:"}';
  const counted = series.get(`${DELAY}_count${labels}`) ?? 0;
  expectAbout(counted, 10);
  expect(series.get(`${DELAY}_sum${labels}`)).toBeGreaterThan(0.5);
  // no packet waits longer than all of them take
  expect(series.get(`${DELAY}_bucket${labels.replace('}', ',le="8.589934592"}')}`)).toBe(counted);
  // the other end has no queue
  const other = await seriesOf(pair.right, collector, running.maps);
  expect([...other.keys()].filter((key) => key.startsWith(DELAY))).toEqual([]);
});

test('packets that a full queue refuses have no delay', async () => {
  await using pair = await namespacePair('wBhtb');
  const { left } = pair;
  left.tc(...'qdisc add dev v0 root handle 1: htb default 1'.split(' '));
  left.tc(...'class add dev v0 parent 1: classid 1:1 htb rate 80kbit burst 1600'.split(' '));
  left.tc(...'qdisc add dev v0 parent 1:1 handle 2: pfifo limit 2'.split(' '));
  using running = runTelemetry(queueing);
  left.exec('ping', '-w', '2', ...BURST);

  const [root] = JSON.parse(left.exec('tc', '-s', '-j', 'qdisc', 'show', 'dev', 'v0')) as [
    { packets: number; drops: number },
  ];
  expect(root.drops).toBeGreaterThan(0);
  const series = await seriesOf(left, collector, running.maps);
  const counted = series.get(`${DELAY}_count{device="v0",kind="htb",handle="1:"}`);
  expectAbout(counted ?? 0, root.packets);
});

test('one packet of so many is timed and counts for as many', async () => {
  await using pair = await namespacePair('wBsamp');
  pair.left.tc(...'qdisc add dev v0 root handle 5: tbf rate 1gbit burst 100000 limit 1000000'.split(' '));
  using running = runTelemetry(queueing, { ...EVERY_EVENT, sampling: 4 });
  pair.left.exec('ping', '-q', '-f', '-c', '4000', '10.9.0.2');
  const series = await seriesOf(pair.left, collector, running.maps);
  const counted = series.get(`${DELAY}_count{device="v0",kind="tbf",handle="5:"}`) ?? 0;
  expect(counted % 4).toBe(0);
  expect(counted).toBeGreaterThan(3000);
  expect(counted).toBeLessThan(5000);
});

test('polls and the packets that they took are counted by device', async () => {
  await using pair = await namespacePair('wBnapi');
  // a veth has NAPI only with GRO, and uses it for what its peer does not segment
  pair.left.exec('ethtool', '-K', 'v0', 'tso', 'off');
  pair.right.exec('ethtool', '-K', 'v0', 'gro', 'on');
  using running = runTelemetry(queueing);
  pair.left.exec('ping', '-q', '-c', '7', '-i', '0.01', '10.9.0.2');
  const series = await seriesOf(pair.right, collector, running.maps);
  expect(series.get('weir_napi_packets_total{device="v0"}')).toBe(7);
  expect(series.get('weir_napi_polls_total{device="v0"}')).toBeGreaterThanOrEqual(1);
  expect(series.get('weir_napi_budget_exhausted_total{device="v0"}')).toBe(0);
});

test('softirqs are timed', async () => {
  await using pair = await namespacePair('wBsoft');
  using running = runTelemetry(queueing);
  pair.left.exec('ping', '-q', '-c', '20', '-i', '0.01', '10.9.0.2');
  const series = await seriesOf(pair.left, collector, running.maps);
  for (const what of ['delay', 'run']) {
    const name = `weir_softirq_${what}_seconds`;
    expect(series.get(`${name}_count{vector="NET_RX"}`)).toBeGreaterThanOrEqual(20);
    expect(series.get(`${name}_sum{vector="NET_RX"}`)).toBeGreaterThan(0);
  }
});

test('the run-queue delay is the one of schedstat', async () => {
  await using pair = await namespacePair('wBrun');
  const pids = execFileSync('pgrep', ['-P', '2', '^ksoftirqd/'], { encoding: 'utf8' }).trim().split('\n');
  const read = () =>
    pids.map((pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e9);
  const before = read();
  const series = await seriesOf(pair.left, runDelay, NO_TELEMETRY);
  const after = read();
  for (const [cpu, low] of before.entries()) {
    const value = series.get(`weir_sched_run_delay_seconds_total{task="ksoftirqd",cpu="${cpu}"}`) ?? -1;
    expect(value).toBeGreaterThanOrEqual(low);
    expect(value).toBeLessThanOrEqual(after[cpu] as number);
  }
  expect(series.get('weir_sched_run_delay_seconds_total{task="weir",cpu=""}')).toBeGreaterThanOrEqual(0);
});
