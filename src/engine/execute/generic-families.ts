// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';
import { wireOf } from '../../base/wire.ts';
import { payloadOf } from '../../codec/encoder.ts';
import { encodeGenlmsghdr, GENL_ID_CTRL, GENLMSGHDR_SIZE } from '../../codec/generated/netlink.ts';
import { CTRL_CMD_GETFAMILY, decodeCtrlAttrs, encodeCtrlAttrs } from '../../codec/generated/nlctrl.ts';
import type { NetlinkTransport } from '../../kernel/ports.ts';

/** Version that Weir speaks; no family has changed its meaning yet. */
const VERSION = 1;

/** Sends requests to generic netlink families by their names. */
export class GenericFamilies {
  readonly #ids = new Map<string, number>();

  /** One request of `family`; `attributes` is what stands behind its header. @throws {KernelError} */
  async request(
    transport: NetlinkTransport,
    family: string,
    command: number,
    attributes: Uint8Array,
  ): Promise<void> {
    const type = this.#ids.get(family) ?? (await idOf(transport, family));
    this.#ids.set(family, type);
    const payload = payloadOf((out) => {
      encodeGenlmsghdr(out, { cmd: command, version: VERSION });
      out.raw(attributes);
    });
    await transport.request({ type, payload, operation: `${family} command ${command}` });
  }
}

/** @see net/netlink/genetlink.c ctrl_getfamily() */
async function idOf(transport: NetlinkTransport, family: string): Promise<number> {
  const payload = payloadOf((out) => {
    encodeGenlmsghdr(out, { cmd: CTRL_CMD_GETFAMILY, version: VERSION });
    encodeCtrlAttrs(out, { familyName: family });
  });
  const operation = `look up the generic netlink family ${family}`;
  const [reply] = await transport.request({ type: GENL_ID_CTRL, payload, operation });
  const bytes = reply?.payload ?? new Uint8Array(0);
  const { familyId } = decodeCtrlAttrs(wireOf(bytes), GENLMSGHDR_SIZE, bytes.length);
  if (familyId === undefined) throw new WeirError('NO_DATA', { what: `generic netlink family ${family}` });
  return familyId;
}
