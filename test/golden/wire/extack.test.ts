// SPDX-License-Identifier: Apache-2.0
// Requests that a kernel refused: errno, message and the path of the attribute that its extended ack points
// to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errnoName } from '../../../src/base/errno.gen.ts';
import { wireOf } from '../../../src/base/wire.ts';
import { decodeNlmsgerr, NLMSG_HDRLEN, requestPathAt } from '../../../src/codec/message.ts';
import { captures, codecOf, WIRE } from './cases.ts';

interface Refusal {
  readonly errno: string;
  readonly message?: string;
  readonly path?: string;
  readonly missing?: number;
}

const EXPECTED: Readonly<Record<string, Refusal>> = {
  'error-missing': { errno: 'EINVAL', message: 'Network address not specified' },
  'error-missing-type': { errno: 'EINVAL', missing: 2 },
  'host-error-missing-type': { errno: 'EINVAL', missing: 2 },
  'error-mtu': { errno: 'EINVAL', message: 'mtu less than device minimum' },
  'error-nexthop': { errno: 'EINVAL', message: 'Invalid nexthop id' },
  'error-route-prefix': { errno: 'EINVAL', message: 'Invalid prefix for given prefix length' },
  'error-short': { errno: 'ERANGE', message: 'Attribute failed policy validation', path: 'linkinfo.data.id' },
  'error-tbf': { errno: 'ERANGE' },
  'error-vxlan-id': {
    errno: 'ERANGE',
    message: 'VXLAN ID must be lower than 16777216',
    path: 'linkinfo.data.id',
  },
};

test.each(captures().filter((capture) => capture.kind.endsWith(':error')))('$name', async (capture) => {
  const codec = await codecOf(capture.kind);
  const { start, end, flags } = capture.messages[0]!;
  const { errno, ack } = decodeNlmsgerr(capture.wire, start, end, flags);
  const request = new Uint8Array(readFileSync(join(WIRE, capture.name, 'request.bin'))).subarray(
    NLMSG_HDRLEN,
  );
  const shape = { header: codec.headerSize, table: codec.table };
  const path = ack.offset === undefined ? undefined : requestPathAt(shape, wireOf(request), ack.offset);
  const said = { errno: errnoName(errno), message: ack.message, path, missing: ack.missingType };
  expect(said).toEqual(EXPECTED[capture.name]); // undefined properties count as absent
});
