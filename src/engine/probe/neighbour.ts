// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { ERRNO } from '../../base/errno.gen.ts';
import { WeirError } from '../../base/errors.ts';
import { parseIp } from '../../base/ip.ts';
import { KernelError } from '../../base/kernel-error.ts';
import { wireOf } from '../../base/wire.ts';
import { payloadOf } from '../../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_REPLACE } from '../../codec/generated/netlink.ts';
import {
  decodeNdmsg,
  decodeNeighAttrs,
  encodeNdmsg,
  encodeNeighAttrs,
  NDMSG_SIZE,
  NTF_USE,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from '../../codec/generated/rt-neigh.ts';
import type { NetlinkTransport } from '../../kernel/ports.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';

const LOOK_MS = 20;
/** The kernel asks three times, a second apart. */
const PATIENCE_MS = 3_500;

interface Entry {
  readonly state: number;
  readonly lladdr?: Uint8Array;
}

/**
 * Have the kernel ask the neighbour anew, and wait until it has answered.
 * @throws {WeirError} `PROBE` when it does not.
 * @see net/core/neighbour.c neigh_add(), neigh_event_send()
 */
export async function resolveNeighbour(
  route: NetlinkTransport,
  address: string,
  ifindex: number,
): Promise<void> {
  const known = await entryOf(route, address, ifindex);
  if (known !== undefined && (known.state & (NUD_PERMANENT | NUD_NOARP)) !== 0) return;
  await ask(route, address, ifindex, known?.lladdr);
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
    const state = (await entryOf(route, address, ifindex))?.state ?? 0;
    if ((state & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP)) !== 0) return;
    if ((state & NUD_FAILED) !== 0) break;
    await delay(LOOK_MS);
  }
  throw new WeirError('PROBE', { what: `neighbour ${address}`, problem: 'it does not answer' });
}

/** Ask one that is known directly, and one that is not as if a packet waited for it. */
async function ask(
  route: NetlinkTransport,
  address: string,
  ifindex: number,
  lladdr?: Uint8Array,
): Promise<void> {
  const header = lladdr === undefined ? { ndmFlags: NTF_USE } : { ndmState: NUD_PROBE };
  const payload = payloadOf((out) => {
    encodeNdmsg(out, { ...target(address, ifindex), ...header });
    encodeNeighAttrs(out, { ndaDst: parseIp(address), ...(lladdr && { ndaLladdr: lladdr }) });
  });
  const operation = `ask the neighbour ${address}`;
  await route.request({ type: RTM_NEWNEIGH, flags: NLM_F_CREATE | NLM_F_REPLACE, payload, operation });
}

async function entryOf(
  route: NetlinkTransport,
  address: string,
  ifindex: number,
): Promise<Entry | undefined> {
  const payload = payloadOf((out) => {
    encodeNdmsg(out, target(address, ifindex));
    encodeNeighAttrs(out, { ndaDst: parseIp(address) });
  });
  try {
    const [reply] = await route.request({
      type: RTM_GETNEIGH,
      payload,
      operation: `look up the neighbour ${address}`,
    });
    return reply && entry(reply.payload);
  } catch (error) {
    if (error instanceof KernelError && error.errno === ERRNO.ENOENT) return undefined;
    throw error;
  }
}

function entry(payload: Uint8Array): Entry {
  const wire = wireOf(payload);
  const { ndmState: state } = decodeNdmsg(wire, 0, NDMSG_SIZE);
  const { ndaLladdr } = decodeNeighAttrs(wire, NDMSG_SIZE, payload.length);
  const usable = (state & (NUD_INCOMPLETE | NUD_FAILED)) === 0 && ndaLladdr !== undefined;
  return { state, ...(usable && { lladdr: ndaLladdr }) };
}

function target(address: string, ifindex: number) {
  return { ndmFamily: address.includes(':') ? AF_INET6 : AF_INET, ndmIfindex: ifindex };
}
