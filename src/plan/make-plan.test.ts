// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import { documentOf, inputOf, ownedBy, planOf, stateOf, stepsIn } from '../../test/helpers/plan-cases.ts';
import { carriedOut } from '../../test/helpers/simulated-kernel.ts';
import { makePlan } from './make-plan.ts';
import { imageOf, restorePlan } from './restore.ts';

vi.mock('../kinds/classes.ts', () => import('../../test/helpers/plan-classes.ts'));

const eth0 = ['link', { name: 'eth0', state: 'up', mtu: 1500 }] as const;
const bridge = { name: 'br0', kind: 'bridge' };

describe('a plan', () => {
  it('creates what is needed first, whatever the order in the documents', () => {
    const document = documentOf({
      routes: [
        { dst: '10.1.0.0/16', gateway: '10.0.0.1', dev: 'br0.7' },
        { dst: '10.0.0.0/8', dev: 'br0.7' },
      ],
      addresses: [{ dev: 'br0.7', address: '192.0.2.1/24' }],
      links: [
        { name: 'br0.7', kind: 'vlan', link: 'br0', vlan: { id: 7 } },
        { name: 'eth0', master: 'br0' },
        bridge,
      ],
    });
    const plan = planOf([document], stateOf(eth0));
    expect(stepsIn(plan)).toEqual([
      'create link br0',
      'create link br0.7',
      'change link eth0',
      'create address 192.0.2.1/24 dev br0.7',
      'create route main 10.0.0.0/8',
      'create route main 10.1.0.0/16',
    ]);
    expect(plan.diagnostics).toEqual([]);
  });

  it('leaves what others made alone unless it is adopted, and adopting changes nothing', () => {
    const there = stateOf(['link', bridge], ['route', { dst: '10.0.0.0/8', dev: 'br0', protocol: 'boot' }]);
    const spec = { links: [bridge], routes: [{ dst: '10.0.0.0/8', dev: 'br0' }] };
    const refused = planOf([documentOf(spec)], there);
    expect(refused.diagnostics.map(({ code, id }) => [code, id])).toEqual([
      ['CONFLICT', 'link br0'],
      ['CONFLICT', 'route main 10.0.0.0/8'],
    ]);
    expect([refused.actions, refused.owns]).toEqual([[], []]);
    const adopted = planOf([documentOf({ ...spec, adopt: true })], there);
    expect(adopted.adopted).toEqual(['link br0', 'route main 10.0.0.0/8']);
    expect(adopted.actions).toEqual([]);
  });

  it('removes what was taken over and is dropped, and lets it go when it goes back', () => {
    const there = stateOf(['link', bridge]);
    const owned = ownedBy(planOf([documentOf({ links: [bridge], adopt: true })], there));
    expect(stepsIn(planOf([], there, { owned }))).toEqual(['remove link br0']);
    expect(planOf([], there, { owned, releases: true }).actions).toEqual([]);
  });

  it('gives back all of what was taken over and replaced by another kind', () => {
    const before = { name: 'br0', kind: 'vlan', link: 'eth0', vlan: { id: 7 } };
    const adopted = planOf([documentOf({ links: [bridge], adopt: true })], stateOf(eth0, ['link', before]));
    const back = planOf([], stateOf(eth0, ['link', bridge]), { owned: ownedBy(adopted), releases: true });
    expect(back.actions.at(-1)?.after).toMatchObject(before);
  });

  it('gives a dropped device that was declared without its kind its settings back, and never removes it', () => {
    const veth = { name: 'eth0', kind: 'veth', state: 'up', mtu: 1500 };
    const adopted = planOf(
      [documentOf({ links: [{ name: 'eth0', mtu: 1400 }], adopt: true })],
      stateOf(['link', veth]),
    );
    const changed = stateOf(['link', { ...veth, mtu: 1400 }]);
    expect(stepsIn(planOf([], changed, { owned: ownedBy(adopted) }))).toEqual(['change link eth0']);
  });

  it('takes the protocol weir for a proof of ownership', () => {
    const there = stateOf(eth0, ['route', { dst: '10.0.0.0/8', dev: 'eth0', protocol: 'weir' }]);
    const plan = planOf([documentOf({ routes: [{ dst: '10.0.0.0/8', dev: 'eth0', metric: 5 }] })], there);
    expect(stepsIn(plan)).toEqual(['change route main 10.0.0.0/8']);
    expect(plan.actions[0]).toMatchObject({ fields: ['metric'] });
  });

  it('compares only declared settings, also nested ones, and keeps the others', () => {
    const there = stateOf(['link', { ...bridge, mtu: 1500, bridge: { forward_delay: 15, max_age: 20 } }]);
    const spec = { links: [{ ...bridge, bridge: { forward_delay: 4 } }], adopt: true };
    expect(planOf([documentOf(spec)], there).actions).toMatchObject([
      {
        op: 'change',
        fields: ['bridge.forward_delay'],
        after: { ...bridge, mtu: 1500, bridge: { forward_delay: 4, max_age: 20 } },
      },
    ]);
  });

  it('gives settings back when no document declares them any more', () => {
    const first = planOf([documentOf({ links: [{ name: 'eth0', mtu: 9000, state: 'up' }] })], stateOf(eth0));
    const changed = carriedOut(first.actions, stateOf(eth0));
    expect(changed.get('link eth0')?.spec).toEqual({ name: 'eth0', state: 'up', mtu: 9000 });
    const second = planOf([documentOf({ links: [{ name: 'eth0', state: 'up' }] })], changed, {
      owned: ownedBy(first),
    });
    expect(second.actions).toMatchObject([{ op: 'change', fields: ['mtu'], after: { mtu: 1500 } }]);
    const gone = planOf([], changed, { owned: ownedBy(first) });
    expect(gone.actions).toMatchObject([{ op: 'change', fields: ['mtu'], after: { mtu: 1500 } }]);
    expect(gone.owns).toEqual([]);
  });

  it('remembers the value from before the first change over later ones', () => {
    const first = planOf([documentOf({ links: [{ name: 'eth0', mtu: 9000 }] })], stateOf(eth0));
    const then = carriedOut(first.actions, stateOf(eth0));
    const second = planOf([documentOf({ links: [{ name: 'eth0', mtu: 4000, state: 'down' }] })], then, {
      owned: ownedBy(first),
    });
    expect(second.owns[0]?.original).toEqual({ name: 'eth0', mtu: 1500, state: 'up' });
  });

  it('removes what nobody declares any more, in reverse', () => {
    const spec = {
      links: [bridge, { name: 'v7', kind: 'vlan', link: 'br0', vlan: { id: 7 } }],
      addresses: [{ dev: 'v7', address: '192.0.2.1/24' }],
      routes: [{ dst: '10.0.0.0/8', dev: 'v7' }],
    };
    const made = planOf([documentOf(spec)], stateOf());
    const there = carriedOut(made.actions, stateOf());
    const gone = planOf([], there, { owned: ownedBy(made) });
    expect(stepsIn(gone)).toEqual([
      'remove route main 10.0.0.0/8',
      'remove address 192.0.2.1/24 dev v7',
      'remove link v7',
      'remove link br0',
    ]);
    expect(carriedOut(gone.actions, there)).toEqual(new Map());
  });

  it('makes before it breaks: the new address comes before the old one goes, but not in one subnet', () => {
    const at = (address: string) => [documentOf({ addresses: [{ dev: 'eth0', address }] })];
    const made = planOf(at('192.0.2.1/24'), stateOf(eth0));
    const other = ['address', { dev: 'eth0', address: '192.0.2.9/24' }] as const;
    const there = new Map([...carriedOut(made.actions, stateOf(eth0)), ...stateOf(other)]);
    const owned = ownedBy(made);
    expect(
      stepsIn(planOf(at('198.51.100.1/24'), carriedOut(made.actions, stateOf(eth0)), { owned })),
    ).toEqual(['create address 198.51.100.1/24 dev eth0', 'remove address 192.0.2.1/24 dev eth0']);
    // The kernel drops the others of a subnet with its primary address.
    expect(stepsIn(planOf(at('192.0.2.2/24'), there, { owned }))).toEqual([
      'remove address 192.0.2.1/24 dev eth0',
      'create address 192.0.2.2/24 dev eth0',
      'change address 192.0.2.9/24 dev eth0 (restores)',
    ]);
  });

  it('replaces what cannot be changed, puts back what stands on it, and names the outage', () => {
    const vlan = (id: number) => ({ name: 'v', kind: 'vlan', link: 'eth0', vlan: { id } });
    const spec = (id: number) => ({ links: [vlan(id)], addresses: [{ dev: 'v', address: '192.0.2.1/24' }] });
    const made = planOf([documentOf(spec(7))], stateOf(eth0));
    const foreign = ['route', { dst: '10.9.0.0/16', dev: 'v', protocol: 'static' }] as const;
    const there = new Map([...carriedOut(made.actions, stateOf(eth0)), ...stateOf(foreign)]);
    const plan = planOf([documentOf(spec(8))], there, { owned: ownedBy(made) });
    expect(stepsIn(plan)).toEqual([
      'remove link v',
      'create link v',
      'create address 192.0.2.1/24 dev v (restores)',
      'create route main 10.9.0.0/16 (restores)',
    ]);
    expect(plan.actions[1]?.replaces).toBe('vlan.id');
    expect(plan.diagnostics).toMatchObject([
      { code: 'OUTAGE', message: expect.stringContaining('2 objects on it are put back') },
    ]);
    const after = carriedOut(plan.actions, there);
    const undo = restorePlan(imageOf(plan, there), after);
    expect(carriedOut(undo.actions, after)).toEqual(there);
  });

  it('frees what a creation takes first', () => {
    const vlan = (name: string) => ({ name, kind: 'vlan', link: 'eth0', vlan: { id: 7 } });
    const made = planOf([documentOf({ links: [vlan('a')] })], stateOf(eth0));
    const there = carriedOut(made.actions, stateOf(eth0));
    const renamed = planOf([documentOf({ links: [vlan('b')] })], there, { owned: ownedBy(made) });
    expect(stepsIn(renamed)).toEqual(['remove link a', 'create link b']);
  });

  it('moves a port before its old bridge goes and after its new one came', () => {
    const spec = (name: string) => ({
      links: [
        { name: 'eth0', master: name },
        { name, kind: 'bridge' },
      ],
    });
    const made = planOf([documentOf(spec('a'))], stateOf(eth0));
    const there = carriedOut(made.actions, stateOf(eth0));
    const plan = planOf([documentOf(spec('b'))], there, { owned: ownedBy(made) });
    expect(stepsIn(plan)).toEqual(['create link b', 'change link eth0', 'remove link a']);
  });

  it('says of a device that it joins a bond, which takes only ports that are down', () => {
    const join = (kind: string) => {
      const links = [
        { name: 'eth0', master: 'm' },
        { name: 'm', kind },
      ];
      const { actions } = planOf([documentOf({ links })], stateOf(eth0));
      return actions.find(({ id }) => id === 'link eth0')?.after?.['port'];
    };
    expect(join('bond')).toEqual({ kind: 'bond' });
    expect(join('bridge')).toBeUndefined();
  });

  it('changes what comes with something that it creates', () => {
    const documents = [
      documentOf({ links: [bridge] }),
      documentOf({ sysctls: { 'net.ipv4.conf.br0.forwarding': 1 } }, 'Tuning'),
    ];
    const plan = planOf(documents, stateOf());
    expect(stepsIn(plan)).toEqual(['create link br0', 'change sysctl net.ipv4.conf.br0.forwarding']);
    expect(plan.diagnostics).toEqual([]);
  });

  it('takes what counts down for what was declared', () => {
    const spec = { addresses: [{ dev: 'eth0', address: '192.0.2.1/24', lifetime: 100 }] };
    const made = planOf([documentOf(spec)], stateOf(eth0));
    const there = stateOf(eth0, ['address', { dev: 'eth0', address: '192.0.2.1/24', lifetime: 60 }]);
    const input = inputOf([documentOf(spec)], there, { owned: ownedBy(made) });
    expect(makePlan(input).actions).toEqual([]);
  });
});
