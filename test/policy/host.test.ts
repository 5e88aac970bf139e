// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ERRNO } from '../../src/base/errno.gen.ts';
import { KernelError } from '../../src/base/kernel-error.ts';
import { wireOf } from '../../src/base/wire.ts';
import { payloadOf } from '../../src/codec/encoder.ts';
import {
  decodeLinkAttrs,
  encodeIfinfomsg,
  encodeLinkAttrs,
  IFINFOMSG_SIZE,
  RTM_NEWLINK,
  RTNLGRP_LINK,
} from '../../src/codec/generated/rt-link.ts';
import { FakeEnforcement, FakePins } from '../../src/engine/fake/fake-enforcement.ts';
import { policyLogic } from '../../src/engine/policy/compiler.ts';
import { PolicyHost } from '../../src/engine/policy/host.ts';
import { PolicyNotes } from '../../src/engine/policy/notes.ts';
import { FakeNetlink } from '../../src/kernel/fake/netlink.ts';
import { type NamespaceIo, NETLINK } from '../../src/kernel/ports.ts';
import type { EndpointSpec, PolicyClassName, PolicySpec } from '../../src/model/policy.ts';

const SPACE = 7;
const LIMITS = {
  endpoints: 1_000,
  v4: 10_000,
  v6: 10_000,
  peers: 10_000,
  sets: 1_000,
  ports: 10_000,
  verdicts: 10_000,
  rules: 10_000,
  counters: 10_000,
};

/** A machine with devices, and a host of policy on it: another one is as an agent that starts anew. */
class Machine {
  readonly pins = new FakePins();
  readonly enforcer = new FakeEnforcement(this.pins);
  readonly warnings: string[] = [];
  readonly hosts: PolicyHost[] = [];
  updates = 0;
  readonly #directory = mkdtempSync(join(tmpdir(), 'weir-policy-host-'));
  readonly #links = new Map<string, number>();
  readonly #netlink = new FakeNetlink(NETLINK.ROUTE, ({ kind, payload }) => {
    if (kind === 'dump') return { messages: [...this.#links.keys()].map((name) => this.#link(name)) };
    const { ifname = '' } = decodeLinkAttrs(wireOf(payload), IFINFOMSG_SIZE, payload.length);
    return this.#links.has(ifname) ? { messages: [this.#link(ifname)] } : { errno: ERRNO.ENODEV };
  });

  /** @param isTold The kernel tells of it. */
  add(name: string, isTold = true): void {
    const ifindex = this.#links.size + 2;
    this.#links.set(name, ifindex);
    this.pins.devices.add(`${SPACE} ${ifindex}`);
    if (isTold) this.#netlink.emit(RTNLGRP_LINK, this.#link(name));
  }

  /** A device that is gone before anybody knows. */
  remove(name: string): void {
    this.pins.devices.delete(`${SPACE} ${this.#links.get(name)}`);
  }

  start(): PolicyHost {
    const netns = { name: '', inode: SPACE };
    const io = { netns, netlink: async () => this.#netlink } as unknown as NamespaceIo;
    const host = new PolicyHost({
      enforcer: this.enforcer,
      logic: policyLogic,
      notes: new PolicyNotes(join(this.#directory, 'policy.db')),
      limits: LIMITS,
      open: async () => io,
      refresh: async () => {},
      prefixes: () => ({ v4: new Uint32Array(), v4Lengths: new Uint8Array() }) as never,
      addresses: () => [],
      management: () => [],
      warn: (problem) => this.warnings.push(problem),
    });
    host.onUpdate(() => this.updates++);
    this.hosts.push(host);
    return host;
  }

  /** Devices by name with all programs on them. */
  get attached(): readonly string[] {
    const hooks = this.enforcer.attachments().filter(({ attached }) => attached);
    const count = (ifindex: number) => hooks.filter((hook) => hook.ifindex === ifindex).length;
    return [...this.#links].filter(([, ifindex]) => count(ifindex) === 2).map(([name]) => name);
  }

  dispose(): void {
    for (const host of this.hosts) host.close();
    rmSync(this.#directory, { recursive: true });
  }

  #link(ifname: string) {
    const payload = payloadOf((out) => {
      encodeIfinfomsg(out, { ifiIndex: this.#links.get(ifname) ?? 0, ifiType: 1 });
      encodeLinkAttrs(out, { ifname });
    });
    return { type: RTM_NEWLINK, payload };
  }
}

const ENDPOINT: EndpointSpec = {
  key: 'x/e',
  namespace: 'x',
  labels: {},
  side: 'workload',
  devices: ['e*'],
  addresses: [],
  ports: [],
};

const policy = (key: string): PolicySpec => ({
  key,
  tier: 'application',
  priority: 1000,
  mode: 'enforce',
  established: 'recheck',
  subject: {},
  ingress: [],
});

function commit(host: PolicyHost, ...specs: readonly (EndpointSpec | PolicySpec)[]): Promise<void> {
  for (const spec of specs) {
    const name: PolicyClassName = 'tier' in spec ? 'policy' : 'endpoint';
    host.stage({ op: 'set', class: name, key: spec.key, spec: { ...spec } });
  }
  return host.commit();
}

const refused = () => {
  throw new KernelError('attach', ERRNO.EPERM, 'EPERM');
};

let machine: Machine;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  machine = new Machine();
});
afterEach(() => {
  machine.dispose();
  vi.useRealTimers();
});

/** Let all that is under way come to its end. */
const calm = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

test('a device that cannot be attached keeps no other one from it, is told of, and is attached with the next change', async () => {
  for (const name of ['e0', 'e1', 'e2']) machine.add(name);
  const host = machine.start();
  let told = 0;
  host.onDetached = () => told++;
  machine.enforcer.before = (what, place) => {
    if (what === 'attach' && place?.device === 'e1') refused();
  };
  await expect(commit(host, ENDPOINT, policy('p'))).rejects.toThrow('attach');
  expect(machine.attached).toEqual(['e0', 'e2']);
  await vi.advanceTimersByTimeAsync(2_000);
  await calm();
  expect(told).toBe(1);
  expect(host.inForce('endpoint', 'x/e')).toMatchObject({ detached: ['e1'] });
  await vi.advanceTimersByTimeAsync(10_000);
  await calm();
  expect(told).toBe(1);

  machine.enforcer.before = () => {};
  await commit(host, ENDPOINT);
  expect(machine.attached).toEqual(['e0', 'e1', 'e2']);
  expect(host.inForce('endpoint', 'x/e')).not.toHaveProperty('detached');
});

test('a device that goes while it is attached fails no change', async () => {
  for (const name of ['e0', 'e1']) machine.add(name);
  machine.remove('e0');
  const host = machine.start();
  await commit(host, ENDPOINT, policy('p'));
  expect(machine.attached).toEqual(['e1']);
});

test('an update that fails leaves everything as it was, also for the next agent', async () => {
  machine.add('e0');
  const host = machine.start();
  await commit(host, ENDPOINT, policy('a'));
  machine.enforcer.before = (what) => {
    if (what === 'update') refused();
  };
  await expect(commit(host, policy('b'))).rejects.toThrow('attach');
  expect([...host.keys('policy')]).toEqual(['a']);
  expect(host.tally.results).toEqual({ done: 1, failed: 1 });
  const next = machine.start();
  await next.start();
  expect([...next.keys('policy')]).toEqual(['a']);
  next.close();

  machine.enforcer.before = () => {};
  await commit(host, policy('b'));
  expect([...host.keys('policy')]).toEqual(['a', 'b']);
  const last = machine.start();
  await last.start();
  expect([...last.keys('policy')].sort()).toEqual(['a', 'b']);
});

test('devices that come together are one update, and one that fails is tried again', async () => {
  const host = machine.start();
  await commit(host, ENDPOINT, policy('a'));
  const before = machine.updates;
  for (const name of ['e0', 'e1', 'e2', 'other']) machine.add(name);
  await calm();
  await host.settled();
  expect(machine.attached).toEqual(['e0', 'e1', 'e2']);
  expect(machine.updates).toBe(before + 1);

  machine.enforcer.before = (what) => {
    if (what === 'update') refused();
  };
  machine.add('e3');
  await calm();
  expect(machine.warnings).toEqual([expect.stringContaining('devices of endpoints')]);
  expect(machine.attached).not.toContain('e3');
  machine.enforcer.before = () => {};
  await vi.advanceTimersByTimeAsync(10_000);
  await calm();
  expect(machine.attached).toContain('e3');
});

test('a device is protected before the kernel has told of it', async () => {
  const host = machine.start();
  expect(host.covers('', 'e0')).toBe(false);
  await commit(host, ENDPOINT);
  expect(host.covers('', 'e0')).toBe(false);
  await commit(host, policy('a'));
  expect([host.covers('', 'e0'), host.covers('', 'f0'), host.covers('far', 'e0')]).toEqual([
    true,
    false,
    false,
  ]);
  machine.add('e0', false);
  machine.add('e1', false);
  await host.protect('', ['e0', 'e1', 'e2']);
  expect(machine.attached).toEqual(['e0', 'e1']);

  machine.add('e2', false);
  machine.enforcer.before = (what) => {
    if (what === 'attach') refused();
  };
  await expect(host.protect('', ['e2'])).rejects.toThrow('attach');
});

test('an agent that starts anew attaches what came meanwhile, also when it is asked to protect first', async () => {
  machine.add('e0');
  const host = machine.start();
  await commit(host, ENDPOINT, policy('a'));
  host.close();
  machine.add('e1', false);
  const next = machine.start();
  await next.start();
  expect(next.covers('', 'e1')).toBe(true);
  await next.protect('', ['e1']);
  expect(machine.attached).toEqual(['e0', 'e1']);
  next.close();
  machine.add('e2', false);
  const last = machine.start();
  await last.start();
  await last.takeOver();
  expect(machine.attached).toEqual(['e0', 'e1', 'e2']);
});
