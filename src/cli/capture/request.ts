// SPDX-License-Identifier: Apache-2.0
// From the words of a command line to the request for a capture.
import { InvalidArgumentError } from 'commander';
import { isWeirError, WeirError } from '../../base/errors.ts';
import type { CapturePlace, CaptureRequest, CaptureTrigger } from '../../model/capture.ts';
import type { AgentClient } from '../client.ts';

export interface CaptureFlags {
  readonly write?: string;
  readonly filter?: string;
  readonly count?: number;
  readonly bytes?: number;
  readonly seconds?: number;
  readonly snapLength?: number;
  readonly direction?: 'in' | 'out' | 'both';
  readonly sampling?: number;
  readonly promiscuous?: boolean;
  readonly source?: 'auto' | 'pcap' | 'ring';
  readonly drops?: boolean;
  readonly rotateSize?: number;
  readonly rotateSeconds?: number;
  readonly files?: number;
  readonly detach?: boolean;
  readonly trigger?: string;
  readonly triggerRate?: number;
  readonly triggerDevice?: string;
  readonly before?: number;
  readonly within?: number;
}

export const STANDARD_OUTPUT = '-';

/** `eth0`, or `edge/eth0` of another namespace. */
export function placeOf(text: string): CapturePlace {
  const at = text.lastIndexOf('/');
  return at < 0 ? { device: text } : { netns: text.slice(0, at), device: text.slice(at + 1) };
}

/**
 * Devices, and a filter behind them: that has a blank or a character of no device, or there is no device of the name.
 */
export async function split(
  agent: AgentClient,
  words: readonly string[],
  { filter }: CaptureFlags,
): Promise<{ readonly devices: readonly CapturePlace[]; readonly filter: string }> {
  const last = words.at(-1) ?? '';
  if (filter !== undefined) return { devices: words.map(placeOf), filter };
  if (words.length === 1 || (!/[\s()!&|<>=]/.test(last) && (await isDevice(agent, last))))
    return { devices: words.map(placeOf), filter: '' };
  return { devices: words.slice(0, -1).map(placeOf), filter: last };
}

async function isDevice(agent: AgentClient, word: string): Promise<boolean> {
  const { netns, device } = placeOf(word);
  try {
    await agent.get('/v1/state/links', { netns, device, limit: 1 });
    return true;
  } catch (error) {
    // of a filter that is no name of a device either
    if (isWeirError(error, 'NOT_FOUND') || isWeirError(error, 'REQUEST_INVALID')) return false;
    throw error;
  }
}

/** @throws {WeirError} `USAGE` for flags that do not go together. */
export function requestOf(
  { devices, filter }: { readonly devices: readonly CapturePlace[]; readonly filter: string },
  flags: CaptureFlags,
): CaptureRequest {
  const { write, snapLength, direction, sampling, promiscuous, source, drops, detach } = flags;
  const limits = present({ packets: flags.count, bytes: flags.bytes, seconds: flags.seconds });
  const file = fileOf(flags);
  if (file === undefined && detach === true)
    throw new WeirError('USAGE', { problem: '--detach needs --write with the name of a file' });
  if (write === STANDARD_OUTPUT || write === undefined) refuseRotation(flags);
  const trigger = triggerOf(flags);
  return {
    devices: [...devices],
    ...(filter !== '' && { filter }),
    ...present({ snapLength, direction, sampling, promiscuous, source, drops, detach }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(file !== undefined && { file }),
    ...(trigger !== undefined && { trigger }),
  };
}

function fileOf({ write: name, rotateSize, rotateSeconds, files }: CaptureFlags): CaptureRequest['file'] {
  if (name === undefined || name === STANDARD_OUTPUT) return undefined;
  return { name, ...present({ rotateBytes: rotateSize, rotateSeconds, files }) };
}

function refuseRotation({ rotateSize, rotateSeconds, files }: CaptureFlags): void {
  if (rotateSize !== undefined || rotateSeconds !== undefined || files !== undefined)
    throw new WeirError('USAGE', { problem: 'only a file can be rotated: give its name with --write' });
}

function triggerOf(flags: CaptureFlags): CaptureTrigger | undefined {
  const { trigger, triggerRate: perSecond, triggerDevice: device, before, within } = flags;
  const [on, reason] = (trigger ?? '').split(':');
  if (trigger === undefined) {
    if ([perSecond, device, before, within].some((one) => one !== undefined))
      throw new WeirError('USAGE', { problem: 'there is no --trigger' });
    return undefined;
  }
  const upper = reason?.toUpperCase();
  return { on: on as CaptureTrigger['on'], ...present({ reason: upper, perSecond, device, before, within }) };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}

const MULTIPLES: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** `10M`: bytes with binary multiples. */
export function sizeOf(text: string): number {
  const [, digits, letter] = /^(\d{1,15})([kmg]?)i?b?$/i.exec(text.trim()) ?? [];
  const multiple = MULTIPLES[(letter ?? '').toLowerCase()];
  if (digits === undefined || multiple === undefined)
    throw new InvalidArgumentError('It must be a number of bytes, as 500k, 10M or 2G.');
  return Number(digits) * multiple;
}

export function wholeOf(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

export function rateOf(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('It must be a number, 0 or above.');
}
