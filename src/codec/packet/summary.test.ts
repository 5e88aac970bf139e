// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packetSummary } from './summary.ts';

const bytes = (hex: string) =>
  Uint8Array.from(hex.replace(/\s/g, '').match(/../g) ?? [], (two) => Number.parseInt(two, 16));
const MACS = '020000000001 020000000002';
const IP4 = (protocol: string, total: string) => `4500${total} 00004000 40${protocol}0000 0a000001 0a000002`;

test.each([
  [
    `${MACS} 0800 ${IP4('11', '0021')} 0fa0 0035 000d 0000 0102030405`,
    'IP 10.0.0.1.4000 > 10.0.0.2.53: UDP, length 5',
  ],
  [
    `${MACS} 0800 ${IP4('06', '0028')} 0050 c000 00000064 00000000 5002 ffff 0000 0000`,
    'IP 10.0.0.1.80 > 10.0.0.2.49152: Flags [S], seq 100, win 65535, length 0',
  ],
  [
    `${MACS} 0800 ${IP4('06', '002a')} 0050 c000 00000064 00000007 5018 0100 0000 0000 6162`,
    'IP 10.0.0.1.80 > 10.0.0.2.49152: Flags [P.], seq 100:102, ack 7, win 256, length 2',
  ],
  [
    `${MACS} 0800 ${IP4('01', '0054')} 0800 0000 1234 0001`,
    'IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 4660, seq 1, length 64',
  ],
  [
    `${MACS} 0806 0001080006040001 020000000002 0a000001 000000000000 0a000002`,
    'ARP, Request who-has 10.0.0.2 tell 10.0.0.1',
  ],
  [`${MACS} 8100 0007 0800 ${IP4('2f', '0020')}`, 'vlan 7, IP 10.0.0.1 > 10.0.0.2: protocol 47, length 12'],
  [
    `${MACS} 86dd 60000000 0008 3aff fe800000000000000000000000000001 ff020000000000000000000000000001 8700 0000 00000000`,
    'IP6 fe80::1 > ff02::1: ICMP6 neighbor solicitation, length 8',
  ],
  [`${MACS} 88cc 0000`, '02:00:00:00:00:02 > 02:00:00:00:00:01, ethertype 0x88cc, length 99'],
])('%s', (hex, line) => {
  expect(packetSummary(bytes(hex), 1, 99)).toBe(line);
});

test('any bytes are one line', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 90 }), fc.constantFrom(1, 101, 276), (data, link) => {
      expect(packetSummary(data, link, data.length)).toMatch(/^[ -~]+$/);
    }),
  );
  const tcp = bytes(`${MACS} 0800 ${IP4('06', '0028')} 0050 c000 00000064 00000000 5002 ffff 0000 0000`);
  for (let end = 0; end < tcp.length; end++) expect(packetSummary(tcp.subarray(0, end), 1, 54)).not.toBe('');
});
