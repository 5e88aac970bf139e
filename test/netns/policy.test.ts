// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { handPolicy } from '../helpers/policy-hand.ts';
import {
  A4,
  A6,
  B4,
  B6,
  C4,
  C6,
  ICMP,
  ICMPV6,
  pings,
  probe,
  reaches,
  TCP,
  threeWorkloads,
  UDP,
} from '../helpers/policy-probing.ts';

test('a workload that is isolated is reached by whom and where its rules say, and its own connections work', async () => {
  await using made = await threeWorkloads();
  await made.star.member('a').peer.serve('TCP', 90);
  const all = [probe(B4, 80), probe(B4, 81), probe(B6, 80), probe(B4, 80, 'UDP'), probe(B6, 80, 'UDP')];
  await reaches(made, 'a', all, ['open', 'open', 'open', 'open', 'open']);

  const rules = [
    { peer: A4, protocol: TCP, port: 80, action: 'allow' },
    { peer: A6, protocol: UDP, port: 80, action: 'allow' },
    { peer: C4, protocol: ICMP, action: 'allow' },
    { peer: C6, protocol: ICMPV6, action: 'allow' },
  ] as const;
  await made.enforce(handPolicy(2, { 2: { ingress: rules } }), true);
  await reaches(made, 'a', all, ['open', 'silent', 'silent', 'silent', 'open']);
  await reaches(made, 'c', all, ['silent', 'silent', 'silent', 'silent', 'silent']);
  expect(pings(made, 'a', B4)).toBe(false);
  expect(pings(made, 'a', B6)).toBe(false);
  expect(pings(made, 'c', B4)).toBe(true);
  expect(pings(made, 'c', B6)).toBe(true);
  // answers to what it begins itself
  await reaches(made, 'b', [probe(A4, 90), probe(A6, 90)], ['open', 'open']);
  expect(pings(made, 'b', C4)).toBe(true);

  const { packets } = made.enforcer.counters();
  expect(packets[2]).toBeGreaterThan(0);
  expect(packets[0]).toBeGreaterThan(0);
  expect(made.enforcer.drops()).toMatchObject({ BROKEN: { packets: 0 }, MALFORMED: { packets: 0 } });
  expect(made.enforcer.drops()['DENIED']?.packets).toBeGreaterThan(0);
});

test('what is rejected is told at once, by a reset or by ICMP, over IPv4 and IPv6', async () => {
  await using made = await threeWorkloads();
  const rules = [
    { protocol: TCP, port: 80, action: 'reject' },
    { protocol: UDP, action: 'reject' },
    { action: 'allow' },
  ] as const;
  await made.enforce(handPolicy(2, { 2: { ingress: rules } }), true);
  const both = [probe(B4, 80), probe(B6, 80), probe(B4, 80, 'UDP'), probe(B4, 81), probe(B6, 81)];
  await reaches(made, 'a', both, ['refused', 'refused', 'refused', 'open', 'open']);
  await reaches(made, 'a', [probe(B6, 80, 'UDP')], ['refused']);
  // what leaves an endpoint is refused by its own side
  await made.enforce(
    handPolicy(3, { 1: { egress: [{ protocol: TCP, port: 81, action: 'reject' }, { action: 'allow' }] } }),
    true,
  );
  await reaches(made, 'a', [probe(B4, 81), probe(B6, 81), probe(B4, 80)], ['refused', 'refused', 'open']);
  expect(made.enforcer.drops()['REJECTED']?.packets).toBeGreaterThan(10);
});

test('so many packets as a limit lets through pass, and audit lets everything pass and counts', async () => {
  await using made = await threeWorkloads();
  const limit = { unit: 'packets', rate: 1, burst: 5, per: 'source' } as const;
  await made.enforce(
    handPolicy(2, {
      2: {
        ingress: [
          { protocol: ICMP, action: 'allow', limit },
          { action: 'allow', audit: 'deny' },
        ],
      },
    }),
    true,
  );
  const { ns } = made.star.member('a');
  // of 20 at once 5 pass, and those of the time that it takes
  const output = ns.exec('sh', '-c', `ping -q -c 20 -i 0.01 -W 1 ${B4} || true`);
  const received = Number(/(\d+) received/.exec(output)?.[1]);
  expect(received).toBeGreaterThanOrEqual(5);
  expect(received).toBeLessThan(12);
  expect(pings(made, 'c', B4)).toBe(true);
  await reaches(made, 'a', [probe(B4, 80), probe(B6, 80)], ['open', 'open']);
  const { LIMITED, AUDIT } = made.enforcer.drops();
  expect(LIMITED?.packets).toBe(20 - received);
  expect(AUDIT?.packets).toBeGreaterThan(1);
});

test('a host is an endpoint too, and its own connections, ARP and neighbour discovery work', async () => {
  await using made = await threeWorkloads();
  const { hub } = made.star;
  await made.enforce(
    handPolicy(2, {
      1: {
        host: true,
        ingress: [
          { protocol: ICMP, action: 'allow' },
          { protocol: ICMPV6, action: 'deny' },
        ],
      },
    }),
    true,
  );
  // to the host: allowed by a rule, not allowed, and what the host begins itself
  expect(pings(made, 'a', '169.254.1.1')).toBe(true);
  hub.ip('neigh', 'flush', 'all');
  hub.exec('ping', '-q', '-c', '1', '-W', '2', A6);
  expect(pings(made, 'a', 'fe80::1%eth0')).toBe(false);
  expect(made.enforcer.drops()['NEIGHBOUR']?.packets).toBeGreaterThan(0);
});

test('where there is no tcx the programs are filters on clsact, and new tables take their place', async () => {
  await using made = await threeWorkloads(true);
  const rules = (port: number) => [{ peer: A4, protocol: TCP, port, action: 'allow' }] as const;
  await made.enforce(handPolicy(2, { 2: { ingress: rules(80) } }), true);
  const { device } = made.star.member('b');
  const filters = () => made.star.hub.tc('filter', 'show', 'dev', device, 'egress');
  expect(filters()).toContain('weir-policy direct-action');
  await reaches(made, 'a', [probe(B4, 80), probe(B4, 81)], ['open', 'silent']);
  const held = await made.star.member('a').peer.hold(B4, 80);
  await made.update(handPolicy(3, { 2: { ingress: rules(80) } }));
  await made.enforce(handPolicy(4, { 2: { ingress: rules(80) } }), true);
  expect(await made.star.member('a').peer.say(held)).toBe('heard');
  await made.enforce(handPolicy(5, { 2: { ingress: rules(81) } }), true);
  await reaches(made, 'a', [probe(B4, 80), probe(B4, 81)], ['silent', 'open']);
  await made.enforcer.unload();
  expect(filters()).not.toContain('weir-policy');
  await reaches(made, 'c', [probe(B4, 80)], ['open']);
});
