// SPDX-License-Identifier: Apache-2.0

import type { LinkStatsReport } from '../../api/schemas/stats.ts';
import type { DeviceRates } from './rates.ts';
import { ratesBetween } from './rates.ts';
import { SORT_ORDERS, type SortOrder, sortDevices } from './sort.ts';

/** Samples of history that are kept for each device. */
export const HISTORY_LENGTH = 60;

/** Pauses between samples that `+` and `-` choose from, in seconds. */
export const INTERVALS: readonly number[] = [0.5, 1, 2, 3, 5, 10, 30, 60];

/** What is known of the node itself. */
export interface TopNode {
  readonly hostname: string;
  /** Of the agent. */
  readonly uptimeSeconds: number;
}

/** All that one screen depends on. */
export interface TopState {
  readonly node: TopNode;
  readonly report: LinkStatsReport | undefined;
  readonly devices: readonly DeviceRates[];
  /** Bits per second of both directions together, oldest first, by device key. */
  readonly history: ReadonlyMap<string, readonly number[]>;
  readonly order: SortOrder;
  readonly reverse: boolean;
  readonly filter: string;
  /** True while the filter is being typed. */
  readonly typing: boolean;
  /** Only devices with traffic, drops, errors or a queue. */
  readonly activeOnly: boolean;
  readonly grouped: boolean;
  readonly paused: boolean;
  readonly help: boolean;
  /** First line of the list that is shown. */
  readonly scroll: number;
  readonly intervalSeconds: number;
  /** Why the last sample failed; the numbers shown are then old. */
  readonly problem: string | undefined;
  readonly quit: boolean;
}

/** What the caller may choose at start. */
export interface TopOptions {
  readonly order?: SortOrder;
  readonly filter?: string;
  readonly intervalSeconds?: number;
}

/** The state before the first sample. */
export function initialState(options: TopOptions = {}): TopState {
  return {
    node: { hostname: '', uptimeSeconds: 0 },
    report: undefined,
    devices: [],
    history: new Map(),
    order: options.order ?? (SORT_ORDERS[0] as SortOrder),
    reverse: false,
    filter: options.filter ?? '',
    typing: false,
    activeOnly: false,
    grouped: false,
    paused: false,
    help: false,
    scroll: 0,
    intervalSeconds: options.intervalSeconds ?? 1,
    problem: undefined,
    quit: false,
  };
}

/** The state after a sample. The first one only sets the ground: it shows every device with rates of zero. */
export function withReport(state: TopState, report: LinkStatsReport, node: TopNode): TopState {
  const devices = ratesBetween(state.report ?? report, report);
  const history = state.report === undefined ? state.history : extend(state.history, devices);
  return { ...state, node, report, devices, history, problem: undefined };
}

function extend(history: TopState['history'], devices: readonly DeviceRates[]): TopState['history'] {
  // Built anew from the devices that exist: a vanished device takes its history with it.
  return new Map(
    devices.map((device) => {
      const bits = device.rx.bitsPerSecond + device.tx.bitsPerSecond;
      return [device.key, [...(history.get(device.key) ?? []), bits].slice(-HISTORY_LENGTH)];
    }),
  );
}

/** The devices that pass the filters, in order. */
export function shownDevices(state: TopState): readonly DeviceRates[] {
  const word = state.filter.toLowerCase();
  const kept = state.devices.filter(
    (device) => (!state.activeOnly || isActive(device)) && matches(device, word),
  );
  return sortDevices(kept, state.order, state.reverse);
}

/** The filter is looked for in the device's name, namespace and kind. */
function matches(device: DeviceRates, word: string): boolean {
  return [device.ifname, device.netns, device.kind].some((text) => text.toLowerCase().includes(word));
}

function isActive({ rx, tx, queue }: DeviceRates): boolean {
  const moving = [rx, tx].some((side) => Object.values(side).some((rate) => rate > 0));
  return moving || (queue !== undefined && queue.qlen + queue.dropsPerSecond > 0);
}
