// SPDX-License-Identifier: Apache-2.0
import os from 'node:os';
import { WeirError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { CaptureSession, type ExtraBlocks, type Trigger } from '../../capture/session.ts';
import { bufferShare, Tap, type TapPlace } from '../../capture/tap.ts';
import { Waker } from '../../capture/waker.ts';
import { filterCompiler } from '../../kernel/capture/filter.ts';
import { largestBlock, linkTypeOf } from '../../kernel/capture/link-type.ts';
import { CAPTURE_SOURCES } from '../../kernel/capture/sources.ts';
import type { CaptureOptions, CaptureSource } from '../../kernel/ports.ts';
import { type CapturePlace, type CaptureRequest, DEFAULT_LIMITS, LONGEST_SNAP } from '../../model/capture.ts';
import type { NamespaceSet } from '../../observe/namespace-set.ts';
import { requireNamespace } from '../service/service.ts';

export interface SessionContext {
  readonly namespaces: NamespaceSet;
  readonly version: string;
  /** Of the kernel, for all devices together. */
  readonly bufferBytes: number;
  /** The answer or the files are capture files, which have times in nanoseconds. */
  readonly toFile: boolean;
  readonly extra: (places: readonly TapPlace[], firstInterface: number) => Promise<ExtraBlocks | undefined>;
  readonly trigger: (places: readonly TapPlace[]) => Promise<Trigger | undefined>;
  readonly now: () => number;
}

/** A device with its namespace. */
export function placeName({ netns, device }: Pick<TapPlace, 'netns' | 'device'>): string {
  return netns === '' ? device.name : `${netns}/${device.name}`;
}

/**
 * Begin to capture what was asked for. Nothing stays open when it fails.
 * @throws {WeirError} `NOT_FOUND`, `CAPTURE_FILTER`, `VALUE`, `KERNEL_PERMISSION`; {KernelError}.
 */
export async function openSession(request: CaptureRequest, context: SessionContext): Promise<CaptureSession> {
  const { devices, filter = '', snapLength = LONGEST_SNAP, limits = {} } = request;
  const places = devices.map((place) => findPlace(context.namespaces, place));
  const programs = new Map<number, Uint8Array>();
  for (const { linkType } of places)
    if (!programs.has(linkType))
      programs.set(linkType, await filterCompiler.compile(linkType, snapLength, filter));
  const trigger = await context.trigger(places);
  const extra = await context.extra(places, places.length);
  const waker = new Waker();
  const optionsOf = ({ linkType }: TapPlace, number: number): CaptureOptions => ({
    filter,
    program: programs.get(linkType) as Uint8Array,
    snapLength,
    direction: request.direction ?? 'both',
    sampling: request.sampling ?? 1,
    promiscuous: request.promiscuous ?? false,
    bufferBytes: bufferShare(context.bufferBytes, places.length),
    interface: number,
  });
  const taps = openTaps(places, request, { context, optionsOf, waker, extra });
  return new CaptureSession({
    taps,
    interfaces: places.map((place) => ({
      name: placeName(place),
      description: filter === '' ? '' : `filter: ${filter}`,
      linkType: place.linkType,
      snapLength,
    })),
    ...(extra !== undefined && { extra }),
    origin: {
      application: `weir ${context.version}`,
      os: `${os.type()} ${os.release()}`,
      hardware: os.machine(),
    },
    comment: `captured on ${os.hostname()}${sampled(request)}`,
    filter,
    limits: { ...DEFAULT_LIMITS, ...limits },
    ...(trigger !== undefined && { trigger }),
    waker,
    largest: largestBlock(snapLength),
    now: context.now,
  });
}

function sampled({ sampling = 1 }: CaptureRequest): string {
  return sampling === 1 ? '' : `; one packet of ${sampling}`;
}

interface Opening {
  readonly context: SessionContext;
  readonly optionsOf: (place: TapPlace, number: number) => CaptureOptions;
  readonly waker: Waker;
  readonly extra: ExtraBlocks | undefined;
}

function openTaps(places: readonly TapPlace[], request: CaptureRequest, opening: Opening): readonly Tap[] {
  const taps: Tap[] = [];
  try {
    for (const [number, place] of places.entries()) {
      const { source, fast } = choose(place, request, opening.context.toFile);
      const options = opening.optionsOf(place, number);
      const { wake } = opening.waker;
      taps.push(new Tap({ place, options, source, ...(fast !== undefined && { fast }), wake }));
    }
    return taps;
  } catch (error) {
    for (const tap of taps) tap.close();
    opening.extra?.close();
    throw error;
  }
}

/** The first source that can do it, and the one that takes over when many packets come. */
function choose(
  { io, device }: TapPlace,
  { source: wish = 'auto', direction = 'both' }: CaptureRequest,
  toFile: boolean,
): { readonly source: CaptureSource; readonly fast?: CaptureSource } {
  const refusals = CAPTURE_SOURCES.map((source) => source.refuses(io, device, { direction }));
  const fits = (source: CaptureSource, i: number) =>
    refusals[i] === undefined && (wish === 'auto' ? source.nanoseconds || !toFile : source.name === wish);
  const source = CAPTURE_SOURCES.find(fits);
  if (source === undefined) {
    const why = refusals[CAPTURE_SOURCES.findIndex(({ name }) => name === wish)];
    throw new WeirError('VALUE', { what: `source ${wish} for ${device.name}`, problem: `${why}; use auto` });
  }
  const fast = CAPTURE_SOURCES.find((other) => other.name === 'ring');
  return wish === 'auto' && fast !== undefined && fast !== source ? { source, fast } : { source };
}

function findPlace(namespaces: NamespaceSet, { netns = '', device: name }: CapturePlace): TapPlace {
  const namespace = requireNamespace(namespaces, netns);
  const links = namespace.snapshot.links();
  const link = links.find(({ link: { ifname } }) => ifname === name)?.link;
  if (link === undefined) {
    const names = links.map(({ link: { ifname } }) => ifname);
    throw new WeirError('NOT_FOUND', { what: 'device', name, hint: didYouMean(name, names) });
  }
  const { ifindex, raw } = link;
  return {
    netns,
    device: { name, ifindex, type: raw.type },
    linkType: linkTypeOf(raw.type),
    io: namespace.io,
    lost() {
      if (namespaces.get(netns)?.inode !== namespace.inode) return `the network namespace ${netns} is gone`;
      return namespace.snapshot.link(ifindex) === undefined ? `the device ${name} is gone` : undefined;
    },
  };
}
