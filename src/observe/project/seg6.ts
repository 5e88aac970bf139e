// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { Fields } from '../../kinds/fields.ts';

/** SEG6_IPTUN_MODE_* in order (include/uapi/linux/seg6_iptunnel.h). */
const MODES = ['inline', 'encap', 'l2encap', 'encap.red', 'l2encap.red'];

/** Bytes of struct seg6_iptunnel_encap before its header. */
const MODE_SIZE = 4;

/** struct seg6_iptunnel_encap: a mode and an IPv6 segment routing header, segments in the order of travel. */
export function renderSegmentRouting(encap: Uint8Array): Fields {
  const mode = encap[0] ?? 0;
  return { mode: MODES[mode] ?? 'unknown', ...renderSegments(encap.subarray(MODE_SIZE)) };
}

const SRH_SIZE = 8;
const SEGMENT_SIZE = 16;
const SR6_FLAG1_HMAC = 1 << 3;

/** struct ipv6_sr_hdr (include/uapi/linux/seg6.h): its segments, last one first on the wire. */
export function renderSegments(srh: Uint8Array): Fields {
  const first = srh[4] ?? 0;
  const segs: string[] = [];
  for (let i = first; i >= 0; i--) {
    const at = SRH_SIZE + i * SEGMENT_SIZE;
    if (at + SEGMENT_SIZE <= srh.length) segs.push(renderIp(srh.subarray(at, at + SEGMENT_SIZE)));
  }
  return ((srh[5] ?? 0) & SR6_FLAG1_HMAC) === 0 ? { segs } : { segs, hmac: hmacKey(srh) };
}

/** Key id of the HMAC TLV, which is the last 40 bytes of the header; 0 when the header is cut short. */
function hmacKey(srh: Uint8Array): number {
  const at = (((srh[1] ?? 0) + 1) << 3) - 40 + 4;
  return srh.subarray(Math.max(0, at), Math.max(0, at + 4)).reduce((key, byte) => key * 256 + byte, 0);
}
