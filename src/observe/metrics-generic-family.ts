// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../base/errors.ts';
import { KernelError } from '../base/kernel-error.ts';
import { wireOf } from '../base/wire.ts';
import { Encoder } from '../codec/encoder.ts';
import { encodeGenlmsghdr, GENL_ID_CTRL, GENLMSGHDR_SIZE } from '../codec/generated/netlink.ts';
import { CTRL_CMD_GETFAMILY, decodeCtrlAttrs, encodeCtrlAttrs } from '../codec/generated/nlctrl.ts';
import type { NetlinkTransport } from '../kernel/ports.ts';

const ENOENT = 2;

const known = new WeakMap<NetlinkTransport, Map<string, number>>();

/**
 * Number of a generic netlink family, asked once for each transport.
 *
 * @throws {WeirError} `NO_DATA` when the kernel does not have it.
 * @see net/netlink/genetlink.c ctrl_getfamily()
 */
export async function genericFamily(transport: NetlinkTransport, name: string): Promise<number> {
  const ids = known.get(transport) ?? new Map<string, number>();
  known.set(transport, ids);
  const id = ids.get(name) ?? (await ask(transport, name));
  ids.set(name, id);
  return id;
}

async function ask(transport: NetlinkTransport, name: string): Promise<number> {
  const payload = genericPayload(CTRL_CMD_GETFAMILY, (out) => encodeCtrlAttrs(out, { familyName: name }));
  const what = `the generic netlink family ${name}`;
  try {
    const [reply] = await transport.request({
      type: GENL_ID_CTRL,
      payload,
      operation: `CTRL_CMD_GETFAMILY ${name}`,
    });
    const bytes = reply?.payload ?? new Uint8Array(0);
    const { familyId } = decodeCtrlAttrs(wireOf(bytes), GENLMSGHDR_SIZE, bytes.length);
    if (familyId !== undefined) return familyId;
  } catch (error) {
    if (!(error instanceof KernelError) || error.errno !== ENOENT) throw error;
  }
  throw new WeirError('NO_DATA', { what });
}

/** A generic netlink request: its header and what `attributes` writes behind it. */
export function genericPayload(command: number, attributes: (out: Encoder) => void): Uint8Array {
  const out = new Encoder(64);
  encodeGenlmsghdr(out, { cmd: command, version: 1 });
  attributes(out);
  return out.payload();
}
