// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import { documentOf, ownedBy, planOf, stateOf } from '../../../test/helpers/plan-cases.ts';
import { carriedOut, type State } from '../../../test/helpers/simulated-kernel.ts';
import type { DocumentSpec } from '../document.ts';
import type { Diagnostic, PlanInput } from '../plan.ts';

vi.mock('../../kinds/classes.ts', () => import('../../../test/helpers/plan-classes.ts'));

const eth = (name: string) => ['link', { name, state: 'up', mtu: 1500 }] as const;
const bridge = { name: 'br0', kind: 'bridge' };

function told(spec: DocumentSpec, observed: State, rest: Partial<PlanInput> = {}): readonly string[] {
  return planOf([documentOf(spec)], observed, rest).diagnostics.map(text);
}

const text = ({ severity, code, message }: Diagnostic) => `${severity} ${code}: ${message}`;

/** What is told when a node that was as `first` says shall be as `then` says. */
function toldBetween(first: DocumentSpec, then: DocumentSpec, base: State, rest: Partial<PlanInput> = {}) {
  const made = planOf([documentOf(first)], base);
  const observed = carriedOut(made.actions, base);
  return told(then, observed, { owned: ownedBy(made), ...rest });
}

describe('a plan tells', () => {
  it('what is missing', () => {
    expect(
      told({ addresses: [{ dev: 'nix0', address: '192.0.2.1/24' }], links: [{ name: 'eth7' }] }, stateOf()),
    ).toEqual([
      'error MISSING: link eth7 does not exist',
      'error MISSING: address 192.0.2.1/24 dev nix0 needs link nix0, which neither exists nor is declared: declare it',
    ]);
  });

  it('which device was perhaps meant', () => {
    const spec = {
      links: [{ name: 'bridge0', kind: 'bridge' }, { name: 'eht0' }],
      addresses: [{ dev: 'brigde0', address: '192.0.2.1/24' }],
    };
    expect(told(spec, stateOf(eth('eth0')))).toEqual([
      'error MISSING: link eht0 does not exist, did you mean "eth0"?',
      'error MISSING: address 192.0.2.1/24 dev brigde0 needs link brigde0, which neither exists nor is declared: declare it, did you mean "bridge0"?',
    ]);
  });

  it('what the kernel lacks, with the option that brings it', () => {
    const spec = { links: [{ name: 'v', kind: 'vlan', link: 'eth0', vlan: { id: 1 } }] };
    expect(told(spec, stateOf(eth('eth0')), { unsupported: new Set(['link vlan']) })).toEqual([
      'error UNSUPPORTED: link v: this kernel has no link vlan; CONFIG_VLAN_8021Q brings it',
    ]);
  });

  it('what would cut the caller off', () => {
    const caller = {
      peer: '198.51.100.9',
      local: '192.0.2.1',
      dev: 'eth0',
      gateway: '192.0.2.254',
      route: 'main default',
    };
    const base = stateOf(eth('eth0'));
    const first = {
      addresses: [{ dev: 'eth0', address: '192.0.2.1/24' }],
      routes: [{ dst: 'default', dev: 'eth0', gateway: '192.0.2.254' }],
    };
    const then = {
      links: [{ name: 'eth0', state: 'down' }],
      routes: [{ dst: '198.51.100.0/24', dev: 'eth0', gateway: '192.0.2.7' }],
    };
    const callers = [caller];
    const own = toldBetween(first, then, base, { callers }).filter((one) => one.includes('OWN_PATH'));
    const tail = ': confirm in time, or it is rolled back';
    const from = 'warning OWN_PATH: the connection from 198.51.100.9';
    expect(own.toSorted()).toEqual([
      `${from} comes to 192.0.2.1, which is removed from eth0${tail}`,
      `${from} is answered through the route main default, which is removed${tail}`,
      `${from} runs through eth0, which is set down${tail}`,
      `${from} will be answered through the route main 198.51.100.0/24${tail}`,
    ]);
    expect(toldBetween(first, { ...first, links: [bridge] }, base, { callers })).toEqual([]);
  });

  it('a default route that goes without another', () => {
    const first = { routes: [{ dst: 'default', dev: 'eth0' }] };
    const told = toldBetween(first, {}, stateOf(eth('eth0')));
    expect(told).toEqual([
      'warning DEFAULT_ROUTE: the default route main default is removed, and no other is declared',
    ]);
  });

  it('prefixes on two devices that overlap', () => {
    const base = stateOf(eth('eth0'), eth('eth1'));
    const both = (address: string) => ({
      addresses: [
        { dev: 'eth0', address: '10.0.0.1/16' },
        { dev: 'eth1', address },
      ],
    });
    expect(told(both('10.0.7.1/24'), base)).toEqual([
      'warning OVERLAP: 10.0.7.1/24 on eth1 lies in 10.0.0.1/16 on eth0: only one of the two gets the traffic',
    ]);
    expect(told(both('10.1.0.1/24'), base)).toEqual([]);
    expect(told(both('10.0.7.1/32'), base)).toEqual([]);
  });

  it('packets that are too large for the device below or the bridge', () => {
    const vlan = { name: 'v', kind: 'vlan', link: 'eth0', vlan: { id: 1 }, mtu: 9000 };
    const spec = { links: [vlan, { ...bridge, mtu: 2000 }, { name: 'eth0', master: 'br0' }] };
    expect(told(spec, stateOf(eth('eth0')))).toEqual([
      'warning MTU: eth0 has an MTU of 1500, its bridge br0 2000: larger packets are dropped',
      'warning MTU: v has an MTU of 9000, above eth0 with 1500 only 1500 pass',
    ]);
  });

  it('a gateway that no prefix of a new device covers', () => {
    const spec = (address: string) => ({
      links: [bridge],
      addresses: [{ dev: 'br0', address }],
      routes: [{ dst: '10.0.0.0/8', gateway: '192.0.2.9', dev: 'br0' }],
    });
    expect(told(spec('192.0.2.1/24'), stateOf())).toEqual([]);
    expect(told(spec('192.0.3.1/24'), stateOf())).toEqual([
      expect.stringContaining('warning GATEWAY: route main 10.0.0.0/8: no address of br0 has the gateway'),
    ]);
  });

  it('what of others goes with a device of its own', () => {
    const made = planOf([documentOf({ links: [bridge] })], stateOf());
    const foreign = stateOf(['link', bridge], ['address', { dev: 'br0', address: '192.0.2.1/24' }]);
    expect(told({}, foreign, { owned: ownedBy(made) })).toEqual([
      "warning FOREIGN_LOST: address 192.0.2.1/24 dev br0 is not Weir's and goes with what it stands on",
    ]);
  });
});
