// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { wireOf } from '../../base/wire.ts';
import type { CompiledPolicy, MapChanges, V4Root } from '../../policy/compiled.ts';
import { decodePolicyV4Root, POLICY_V4_ROOT_SIZE } from '../../programs/generated/policy.ts';
import { type MapUpdate, MapWriter } from './map-writer.ts';

const NOTHING: MapChanges = {
  endpoints: [],
  endpointsGone: [],
  v4Segments: [],
  v4Roots: [],
  v6: [],
  v6Gone: [],
  peers: [],
  peersGone: [],
  sets: [],
  setsGone: [],
  ports: [],
  verdicts: [],
  rules: [],
  countersNew: [],
};

function compiled(epoch: number, v4Roots: readonly V4Root[]): CompiledPolicy {
  const changes = { ...NOTHING, v4Roots };
  return { epoch, changes, contents: () => changes } as unknown as CompiledPolicy;
}

/** By key, the nodes of the first three blocks in slot 0 and slot 1. */
function rootsIn({ writes }: MapUpdate): Record<number, readonly (readonly number[])[]> {
  const write = writes.find(({ map }) => map === 'policy_v4_root');
  if (write === undefined) return {};
  const [keys, values] = [wireOf(write.keys), wireOf(write.values)];
  return Object.fromEntries(
    Array.from({ length: write.count }, (_, i) => [
      keys.view.getUint32(i * 4, true),
      decodePolicyV4Root(values, i * POLICY_V4_ROOT_SIZE).slot.map(({ node }) => node.slice(0, 3)),
    ]),
  );
}

it('writes the nodes of sixteen blocks together, and leaves what packets read', () => {
  const writer = new MapWriter(1);
  const block = 0x0a00;
  const first = compiled(2, [
    { block, node: 100 },
    { block: block + 1, node: 101 },
    { block: block + 16, node: 200 },
  ]);
  expect(rootsIn(writer.fill(first, []))).toEqual({
    160: [
      [100, 101, 0],
      [100, 101, 0],
    ],
    161: [
      [200, 0, 0],
      [200, 0, 0],
    ],
  });
  // epoch 3 is read in slot 1
  expect(rootsIn(writer.change(compiled(3, [{ block: block + 1, node: 111 }]), [], true))).toEqual({
    160: [
      [100, 101, 0],
      [100, 111, 0],
    ],
  });
  // what slot 0 had of before is brought up to date with the change of another
  expect(rootsIn(writer.change(compiled(4, [{ block: block + 16, node: 0 }]), [], true))).toEqual({
    160: [
      [100, 111, 0],
      [100, 111, 0],
    ],
    161: [
      [0, 0, 0],
      [200, 0, 0],
    ],
  });
  expect(rootsIn(writer.change(compiled(5, [{ block: block + 2, node: 102 }]), [], true))).toEqual({
    160: [
      [100, 111, 0],
      [100, 111, 102],
    ],
    161: [
      [0, 0, 0],
      [0, 0, 0],
    ],
  });
});
