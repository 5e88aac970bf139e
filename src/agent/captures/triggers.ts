// SPDX-License-Identifier: Apache-2.0
// What a capture can wait for: a counter that grows faster than it may.
import { textOf } from '../../base/bytes.ts';
import { WeirError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Trigger } from '../../capture/session.ts';
import type { TapPlace } from '../../capture/tap.ts';
import type { CaptureTrigger } from '../../model/capture.ts';
import type { DropRow } from '../../model/drop.ts';
import type { NamespaceSet } from '../../observe/namespace-set.ts';
import { placeName } from './open-session.ts';

const BEFORE_BYTES = 4 << 20;
const WITHIN_SECONDS = 86_400;

export interface TriggerContext {
  readonly namespaces: NamespaceSet;
  /** Packets that were dropped so far. @throws {WeirError} `NO_DATA` where the telemetry does not run. */
  readonly drops: (netns: string, reason: string | undefined) => Promise<readonly DropRow[]>;
}

/** @throws {WeirError} `NOT_FOUND` for a device that is nowhere; what reading the counter for the first time throws. */
export async function openTrigger(
  wish: CaptureTrigger,
  places: readonly TapPlace[],
  context: TriggerContext,
): Promise<Trigger> {
  const read = COUNTERS[wish.on];
  const watched = watchedPlaces(wish, places);
  requireDevice(wish, watched, context.namespaces);
  const { perSecond = 0, before = BEFORE_BYTES, within = WITHIN_SECONDS } = wish;
  const what = describe(wish, watched);
  let [count, time] = [await read(wish, watched, context), performance.now()];
  return {
    description: `${what}, more than ${perSecond} a second`,
    beforeBytes: before,
    withinSeconds: within,
    async check() {
      const now = await read(wish, watched, context);
      const seconds = (performance.now() - time) / 1000;
      const more = now - count;
      [count, time] = [now, performance.now()];
      if (more <= 0 || more / seconds <= perSecond) return undefined;
      return `${more} in ${seconds.toFixed(2)} s`;
    },
  };
}

/** Places by namespace and name of the device. */
type Watched = readonly { readonly netns: string; readonly device: string }[];

function watchedPlaces({ device }: CaptureTrigger, places: readonly TapPlace[]): Watched {
  if (device === undefined) return places.map(({ netns, device: { name } }) => ({ netns, device: name }));
  return [...new Set(places.map(({ netns }) => netns))].map((netns) => ({ netns, device }));
}

/** One that is in none of the namespaces would be waited for in vain. */
function requireDevice({ device }: CaptureTrigger, watched: Watched, namespaces: NamespaceSet): void {
  if (device === undefined) return;
  const links = watched.flatMap(({ netns }) => namespaces.get(netns)?.snapshot.links() ?? []);
  const names = links.map(({ link }) => link.ifname);
  if (names.includes(device)) return;
  throw new WeirError('NOT_FOUND', { what: 'device', name: device, hint: didYouMean(device, names) });
}

function describe({ on, reason }: CaptureTrigger, watched: Watched): string {
  const names = watched.map(({ netns, device }) =>
    placeName({ netns, device: { name: device, ifindex: 0, type: 0 } }),
  );
  if (on === 'retransmits') return 'TCP segments sent again';
  const what = on === 'drops' ? `drops${reason === undefined ? '' : ` of ${reason}`}` : 'changes of carrier';
  return `${what} at ${names.join(', ')}`;
}

type Counter = (wish: CaptureTrigger, watched: Watched, context: TriggerContext) => Promise<number>;

const COUNTERS: Readonly<Record<CaptureTrigger['on'], Counter>> = {
  async drops({ reason }, watched, { drops }) {
    let sum = 0;
    for (const { netns, device } of watched)
      for (const row of await drops(netns, reason)) if (row.device === device) sum += row.packets;
    return sum;
  },
  async carrier(_wish, watched, { namespaces }) {
    return watched.reduce((sum, { netns, device }) => {
      const links = namespaces.get(netns)?.snapshot.links() ?? [];
      return sum + (links.find(({ link }) => link.ifname === device)?.link.raw.carrierChanges ?? 0);
    }, 0);
  },
  async retransmits(_wish, watched, { namespaces }) {
    let sum = 0;
    for (const netns of new Set(watched.map((place) => place.netns))) {
      const io = namespaces.get(netns)?.io;
      if (io !== undefined) sum += retransmitted(textOf(await io.proc.read('net/snmp')));
    }
    return sum;
  },
};

/** RetransSegs of /proc/net/snmp: a line of names, then one of values. */
function retransmitted(snmp: string): number {
  const [names, values] = snmp.split('\n').filter((line) => line.startsWith('Tcp: '));
  const at = names?.split(' ').indexOf('RetransSegs') ?? -1;
  return Number(values?.split(' ')[at] ?? 0);
}
