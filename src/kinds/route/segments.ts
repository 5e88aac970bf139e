// SPDX-License-Identifier: Apache-2.0
// What tunnels of routes carry: IPv6 segments and MPLS labels.
import { WeirError } from '../../base/errors.ts';
import { parseIp, renderIp } from '../../base/ip.ts';
import type { Spec } from '../../model/object.ts';

/** SEG6_IPTUN_MODE_* in order (include/uapi/linux/seg6_iptunnel.h). */
export const SEG6_MODES = ['inline', 'encap', 'l2encap', 'encap.red', 'l2encap.red'];

/** SEG6_LOCAL_ACTION_* by number (include/uapi/linux/seg6_local.h). */
export const ACTIONS = [
  'unspec',
  ...['End', 'End.X', 'End.T', 'End.DX2', 'End.DX6', 'End.DX4', 'End.DT6', 'End.DT4', 'End.B6'],
  ...['End.B6.Encaps', 'End.BM', 'End.S', 'End.AS', 'End.AM', 'End.BPF', 'End.DT46'],
];

const MODE_SIZE = 4;
const HEADER_SIZE = 8;
const SEGMENT_SIZE = 16;
const IPV6_SRCRT_TYPE_4 = 4;
const ANY = '::';

/** struct seg6_iptunnel_encap as settings; segments that are put inline end with `::`, the packet's own destination. */
export function segmentsOf(encap: Uint8Array): Spec {
  const srh = encap.subarray(MODE_SIZE);
  const segs: string[] = [];
  for (let i = srh[4] ?? 0; i >= 0; i--) {
    const at = HEADER_SIZE + i * SEGMENT_SIZE;
    segs.push(renderIp(srh.subarray(at, at + SEGMENT_SIZE)));
  }
  return { mode: SEG6_MODES[encap[0] ?? 0] ?? 'encap', segs };
}

/** struct seg6_iptunnel_encap with an IPv6 segment routing header: the last segment comes first. */
export function routingHeader(mode: string, segs: readonly string[]): Uint8Array {
  const all = mode === 'inline' && segs.at(-1) !== ANY ? [...segs, ANY] : segs;
  const last = all.length - 1;
  const bytes = new Uint8Array(MODE_SIZE + HEADER_SIZE + all.length * SEGMENT_SIZE);
  new DataView(bytes.buffer).setInt32(0, SEG6_MODES.indexOf(mode), true);
  bytes.set([0, 2 * all.length, IPV6_SRCRT_TYPE_4, last, last, 0, 0, 0], MODE_SIZE);
  all.forEach((seg, i) => {
    const address = parseIp(seg);
    if (address.length !== SEGMENT_SIZE)
      throw new WeirError('VALUE', { what: `segment "${seg}"`, problem: 'is no IPv6 address' });
    bytes.set(address, MODE_SIZE + HEADER_SIZE + (last - i) * SEGMENT_SIZE);
  });
  return bytes;
}

const MAX_LABEL = 0xf_ffff;

/** A label stack as text: `100/200`, from the top to the bottom. */
export function labelsOf(stack: Uint8Array): string {
  const view = new DataView(stack.buffer, stack.byteOffset, stack.length);
  return Array.from({ length: stack.length >> 2 }, (_, i) => view.getUint32(4 * i) >>> 12).join('/');
}

/** The label stack of `100/200`; the last entry has the bottom bit. */
export function labelStack(text: string): Uint8Array {
  const labels = text.split('/').map(Number);
  const view = new DataView(new ArrayBuffer(4 * labels.length));
  labels.forEach((label, i) => {
    if (!Number.isInteger(label) || label < 0 || label > MAX_LABEL)
      throw new WeirError('VALUE', { what: `label stack "${text}"`, problem: 'must be labels like 100/200' });
    view.setUint32(4 * i, label * 4096 + (i === labels.length - 1 ? 0x100 : 0));
  });
  return new Uint8Array(view.buffer);
}
