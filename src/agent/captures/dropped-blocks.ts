// SPDX-License-Identifier: Apache-2.0
import type { DropsService } from '../../api/drops-service.ts';
import type { DropEvent } from '../../api/schemas/drops.ts';
import { THIS_NODE } from '../../api/target.ts';
import type { ExtraBlocks } from '../../capture/session.ts';
import type { TapPlace } from '../../capture/tap.ts';
import { LINK_TYPE, PcapngWriter } from '../../codec/pcapng.ts';
import { placeName } from './open-session.ts';

/** Bytes that wait to be taken; what comes beyond is left out. */
const MOST_WAITING = 4 << 20;
const SNAP_LENGTH = 128;
const NS_PER_S = 1_000_000_000n;

/**
 * Packets that the kernel drops at these devices, as the flight recorder has them: each on an interface of its device's
 * own, with the reason as comment. Two interfaces for each, since some are known from their IP header on only.
 * @throws {WeirError} `NO_DATA` where the telemetry does not run.
 */
export async function droppedBlocks(
  service: DropsService,
  places: readonly TapPlace[],
  first: number,
): Promise<ExtraBlocks> {
  const writer = new PcapngWriter();
  writer.take();
  const numbers = new Map(places.map((place, i) => [placeName(place), first + 2 * i]));
  let packets = 0;
  const deliver = ({ body }: DropEvent) => {
    if (body.kind !== 'drop' || writer.length > MOST_WAITING) return;
    const number = numbers.get(body.netns === '' ? body.device : `${body.netns}/${body.device}`);
    const data = Uint8Array.from(Buffer.from(body.data, 'hex'));
    const isIp = [4, 6].includes((data[0] ?? 0) >> 4);
    if (number === undefined || (body.link === 'raw' && !isIp)) return;
    packets++;
    writer.addPacket({
      interface: body.link === 'ethernet' ? number : number + 1,
      time: nanoseconds(body.time),
      length: body.length,
      data,
      comment: `dropped: ${body.reason}${body.location === '' ? '' : ` in ${body.location}`}`,
    });
  };
  const feed = await service.followDrops(THIS_NODE, {}, undefined, deliver);
  return {
    interfaces: places.flatMap((place) => {
      const common = { description: 'dropped by the kernel', snapLength: SNAP_LENGTH };
      const name = `${placeName(place)} dropped`;
      return [
        { ...common, name, linkType: LINK_TYPE.ethernet },
        { ...common, name: `${name} (IP)`, linkType: LINK_TYPE.raw },
      ];
    }),
    take() {
      const taken = { bytes: writer.take(), packets };
      packets = 0;
      return taken;
    },
    close: () => feed.close(),
  };
}

/** Of RFC 3339 with nanoseconds. */
function nanoseconds(time: string): bigint {
  const [whole = '', fraction = '0Z'] = time.split('.');
  return (BigInt(Date.parse(`${whole}Z`)) / 1000n) * NS_PER_S + BigInt(fraction.slice(0, -1).padEnd(9, '0'));
}
