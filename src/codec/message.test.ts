// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { wireOf } from '../base/wire.ts';
import { type Encoder, payloadOf } from './encoder.ts';
import { NLM_F_ACK_TLVS, NLM_F_CAPPED } from './generated/netlink.ts';
import { encodeIfinfomsg, encodeLinkAttrs, IFINFOMSG_SIZE, LINK_ATTRS } from './generated/rt-link.ts';
import { decodeNlmsgDone, decodeNlmsgerr, NLMSG_HDRLEN, requestPathAt } from './message.ts';

const EINVAL = 22;

/** An NLMSG_ERROR payload: errno, the request (`echo` bytes of it), then what `write` adds. */
function refusal(errno: number, echo: number, write: (out: Encoder) => void = () => {}): Uint8Array {
  return payloadOf((out) => {
    out.s32(-errno);
    out.u32(NLMSG_HDRLEN + echo);
    out.reserve(NLMSG_HDRLEN - 4 + echo);
    out.align();
    write(out);
  });
}

const decode = (bytes: Uint8Array, flags: number) => decodeNlmsgerr(wireOf(bytes), 0, bytes.length, flags);

describe('NLMSG_ERROR', () => {
  test('without an extended ack is an errno', () => {
    expect(decode(refusal(EINVAL, 20), 0)).toEqual({ errno: EINVAL, ack: {} });
    expect(decode(refusal(0, 0), NLM_F_CAPPED)).toEqual({ errno: 0, ack: {} });
  });

  test('finds the extended ack behind the request, and behind its header when the request is capped', () => {
    const tlvs = (out: Encoder) => {
      out.attrString(1, 'no such thing');
      out.attrU32(2, 60);
    };
    const expected = { errno: EINVAL, ack: { message: 'no such thing', offset: 60 } };
    expect(decode(refusal(EINVAL, 21, tlvs), NLM_F_ACK_TLVS)).toEqual(expected);
    expect(decode(refusal(EINVAL, 0, tlvs), NLM_F_ACK_TLVS | NLM_F_CAPPED)).toEqual(expected);
  });

  test('tells a missing attribute and the policy', () => {
    const bytes = refusal(EINVAL, 0, (out) => {
      out.attrU32(5, 7);
      out.attrU32(6, 32);
      const policy = out.nestBegin(4);
      out.attrU32(1, 4);
      out.attrU64(5, 10n);
      out.nestEnd(policy);
    });
    expect(decode(bytes, NLM_F_ACK_TLVS | NLM_F_CAPPED)).toEqual({
      errno: EINVAL,
      ack: { missingType: 7 },
      missingNest: 32,
      policy: { type: 4, maxValueU: 10n },
    });
  });

  test('keeps the errno when the rest is garbage', () => {
    const bytes = refusal(EINVAL, 0, (out) => out.u32(0x0001_ffff));
    expect(decode(bytes, NLM_F_ACK_TLVS | NLM_F_CAPPED)).toEqual({ errno: EINVAL, ack: {} });
    expect(decode(bytes.subarray(0, 6), NLM_F_ACK_TLVS)).toEqual({ errno: EINVAL, ack: {} });
    expect(decode(bytes.subarray(0, 2), NLM_F_ACK_TLVS)).toEqual({ errno: 0, ack: {} });
  });
});

test('NLMSG_DONE tells the errno of the dump', () => {
  const bytes = payloadOf((out) => {
    out.s32(-EINVAL);
    out.attrString(1, 'half way');
  });
  const done = (flags: number) => decodeNlmsgDone(wireOf(bytes), 0, bytes.length, flags);
  expect(done(NLM_F_ACK_TLVS)).toEqual({ errno: EINVAL, ack: { message: 'half way' } });
  expect(done(0)).toEqual({ errno: EINVAL, ack: {} });
});

test('an offset becomes a path, counted from the nlmsghdr', () => {
  const request = payloadOf((out) => {
    encodeIfinfomsg(out, { ifiIndex: 3 });
    encodeLinkAttrs(out, { ifname: 'x', mtu: 9 });
  });
  const shape = { header: IFINFOMSG_SIZE, table: LINK_ATTRS };
  const at = (offset: number) => requestPathAt(shape, wireOf(request), offset);
  expect(at(NLMSG_HDRLEN + IFINFOMSG_SIZE)).toBe('ifname');
  expect(at(NLMSG_HDRLEN + IFINFOMSG_SIZE + 8)).toBe('mtu');
  expect(at(NLMSG_HDRLEN + 4)).toBeUndefined();
  expect(at(5_000)).toBeUndefined();
});
