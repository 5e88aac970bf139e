// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isWeirError } from '../../src/base/errors.ts';
import { type Wire, wireOf } from '../../src/base/wire.ts';
import { type NamespaceIo, NETLINK, type NetlinkRequest } from '../../src/kernel/ports.ts';
import {
  addressDump,
  linkDump,
  neighbourDump,
  nexthopDump,
  qdiscDump,
  routeDump,
  ruleDump,
} from '../../src/observe/dump-requests.ts';
import { projectAddress } from '../../src/observe/project/address.ts';
import { projectLink } from '../../src/observe/project/link.ts';
import { projectNeighbour } from '../../src/observe/project/neighbour.ts';
import { projectNexthop } from '../../src/observe/project/nexthop.ts';
import { projectRoute } from '../../src/observe/project/route.ts';
import { projectRule } from '../../src/observe/project/rule.ts';
import { projectClass, projectQdisc } from '../../src/observe/project/tc.ts';
import { netns } from '../helpers/netns.ts';
import {
  makeAddresses,
  makeLinks,
  makeNeighbours,
  makeNexthops,
  makeQdiscs,
  makeRoutes,
  makeRules,
} from './show-topology.ts';

type Project = (wire: Wire, start: number, end: number) => unknown;

const names = (ifindex: number) => `d${ifindex}`;
const withNames =
  (
    project: (wire: Wire, start: number, end: number, names: (ifindex: number) => string) => unknown,
  ): Project =>
  (wire, start, end) =>
    project(wire, start, end, names);

const PROJECTIONS: readonly (readonly [NetlinkRequest, readonly Project[]])[] = [
  [linkDump(), [projectLink]],
  [addressDump(), [projectAddress]],
  [routeDump(2, undefined), [withNames(projectRoute)]],
  [routeDump(10, undefined), [withNames(projectRoute)]],
  [ruleDump(2), [projectRule]],
  [neighbourDump(false), [withNames(projectNeighbour)]],
  [nexthopDump(), [withNames(projectNexthop)]],
  [qdiscDump(), [withNames(projectQdisc), withNames(projectClass)]],
];

async function capture(io: NamespaceIo, request: NetlinkRequest): Promise<Uint8Array[]> {
  const transport = await io.netlink(NETLINK.ROUTE);
  let found: Uint8Array[] = [];
  await transport.dump(request, (wire, start, end) => found.push(wire.bytes.slice(start, end)), {
    restart: () => {
      found = [];
    },
  });
  return found;
}

test('messages with flipped bytes: a projection throws nothing but the decode error', async () => {
  await using ns = await netns('wc');
  for (const make of [
    makeLinks,
    makeAddresses,
    makeNexthops,
    makeRoutes,
    makeRules,
    makeNeighbours,
    makeQdiscs,
  ])
    make(ns);
  const io = await ns.io();
  let tried = 0;
  let refused = 0;
  for (const [request, projections] of PROJECTIONS) {
    const messages = await capture(io, request);
    expect(messages.length).toBeGreaterThan(5);
    const mutation = fc.record({
      message: fc.constantFrom(...messages),
      flips: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      cut: fc.option(fc.nat()),
    });
    fc.assert(
      fc.property(mutation, ({ message, flips, cut }) => {
        const bytes = message.slice(0, cut === null ? message.length : cut % (message.length + 1));
        for (const [at, value] of flips) if (bytes.length > 0) bytes[at % bytes.length] = value;
        for (const project of projections) {
          tried++;
          try {
            JSON.stringify(project(wireOf(bytes), 0, bytes.length));
          } catch (error) {
            if (!isWeirError(error, 'DECODE')) throw error;
            refused++;
          }
        }
      }),
      { numRuns: 3_000 },
    );
  }
  console.log(`${tried} mutated messages, ${refused} refused`);
  expect(refused).toBeGreaterThan(0);
});
