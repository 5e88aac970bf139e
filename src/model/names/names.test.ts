// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { addressFlagNames } from './address-flags.ts';
import { arphrdName } from './arphrd.ts';
import { dsfieldName } from './dsfields.ts';
import { ipProtocolName } from './ip-protocols.ts';
import { linkFlagNames } from './link-flags.ts';
import { neighbourStateNames } from './neighbour-states.ts';
import { rtFlagNames } from './rt-flags.ts';
import { rtProtoName } from './rt-protos.ts';
import { rtScopeName } from './rt-scopes.ts';
import { rtTableName } from './rt-tables.ts';

test('what has no name is written as a number', () => {
  expect([rtProtoName(77), rtScopeName(7), rtTableName(1000)]).toEqual(['77', '7', '1000']);
  expect([arphrdName(9999), ipProtocolName(222), dsfieldName(4)]).toEqual(['[9999]', 'ipproto-222', '0x04']);
});

test('flags of devices in the order of ip, unknown bits in hex', () => {
  expect(linkFlagNames(0x11043, false)).toEqual(['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP']);
  expect(linkFlagNames(0x1, true)).toEqual(['NO-CARRIER', 'UP', 'M-DOWN']);
  expect(linkFlagNames(0x8000_0000, false)).toEqual(['80000000']);
  expect(linkFlagNames(0x1, true)).toBe(linkFlagNames(0x1, true));
});

test('the first address flag means two things, and lack of permanence has a name', () => {
  expect(addressFlagNames(0x81, false)).toEqual(['secondary']);
  expect(addressFlagNames(0x81, true)).toEqual(['temporary']);
  expect(addressFlagNames(0, true)).toEqual(['dynamic']);
});

test('states and flags are lists', () => {
  expect(neighbourStateNames(0x82)).toEqual(['REACHABLE', 'PERMANENT']);
  expect(rtFlagNames(0x15)).toEqual(['dead', 'onlink', 'linkdown']);
});
