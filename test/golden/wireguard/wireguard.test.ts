// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { wireOf } from '../../../src/base/wire.ts';
import { decodeWgdeviceAttrs, WG_CMD_SET_DEVICE } from '../../../src/codec/generated/wireguard.ts';
import { link } from '../../../src/kinds/link/link.ts';
import type { Change } from '../../../src/kinds/object-class.ts';
import { canonicalEndpoint } from '../../../src/kinds/wireguard/endpoint.ts';
import { keyBytes, keyText } from '../../../src/kinds/wireguard/key.ts';
import { wireguardSpec } from '../../../src/kinds/wireguard/observed.ts';
import { wireguard } from '../../../src/kinds/wireguard/wireguard.ts';
import type { Spec } from '../../../src/model/object.ts';
import { withUnseen } from '../../../src/plan/recalled.ts';
import { differing } from '../../../src/plan/settings.ts';
import { recordingSink } from '../../helpers/recording-sink.ts';

const golden = (name: string) => new Uint8Array(readFileSync(new URL(`./${name}.bin`, import.meta.url)));
/** As make.py has them. */
const key = (seed: number) => Uint8Array.from({ length: 32 }, (_, i) => seed + 7 * i);
const text = (seed: number) => Buffer.from(key(seed)).toString('base64');

const KEYS: Readonly<Record<string, number>> = { '/etc/weir/keys/wg0': 1, '/etc/weir/keys/ten': 30 };

const ten = {
  public_key: text(10),
  preshared_key_file: '/etc/weir/keys/ten',
  endpoint: '192.0.2.1:51820',
  allowed_ips: ['2001:db8:8:0::/48', '10.8.0.2/24'],
  persistent_keepalive: 25,
};
const twenty = { public_key: text(20), endpoint: '[2001:db8:0::1]:4242', persistent_keepalive: 0 };
const settings = {
  private_key_file: '/etc/weir/keys/wg0',
  listen_port: 51820,
  fwmark: 16,
  peers: [ten, twenty],
};

function declared(given: Spec): { spec: Spec; problems: readonly string[] } {
  const problems: string[] = [];
  const item = { name: 'wg0', kind: 'wireguard', wireguard: given };
  const found = link.declare?.(item, (path, problem) => problems.push(`${path} ${problem}`)) ?? [];
  return { spec: found.find((one) => one.class === 'wireguard')?.spec ?? {}, problems };
}

function written(change: Change) {
  const { sink, operations } = recordingSink({ wg0: 7 });
  wireguard.write(change, {
    ...sink,
    rtnl: sink.rtnl,
    genl: sink.genl,
    ifindex: sink.ifindex,
    secret: (path) => key(KEYS[path] as number),
  });
  return operations;
}

const seen = () =>
  wireguardSpec(
    'wg0',
    ['shown-0', 'shown-1'].map((name) => {
      const bytes = golden(name);
      return decodeWgdeviceAttrs(wireOf(bytes), 0, bytes.length);
    }),
    () => 'digest',
  );

test('a new device is told all, each key from its file', () => {
  const { spec, problems } = declared(settings);
  expect(problems).toEqual([]);
  expect(written({ op: 'change', before: {}, after: spec })).toEqual([
    { op: 'genl', family: 'wireguard', command: WG_CMD_SET_DEVICE, payload: golden('made') },
  ]);
});

test('a change is about the peers that differ', () => {
  const before = declared(settings).spec;
  const { preshared_key_file: _, ...plain } = ten;
  const after = declared({ ...settings, peers: [{ ...plain, allowed_ips: ['10.9.0.0/16'] }] }).spec;
  expect(written({ op: 'change', before, after })).toEqual([
    { op: 'genl', family: 'wireguard', command: WG_CMD_SET_DEVICE, payload: golden('changed') },
  ]);
});

test('what a dump shows is what was declared, without a private or preshared key', () => {
  const spec = seen();
  const { spec: wanted } = declared(settings);
  expect(differing(wireguard, wanted, withUnseen(wireguard, spec, wanted), false)).toEqual([]);
  expect(spec).toMatchObject({ dev: 'wg0', public_key: text(2), listen_port: 51820, fwmark: 16 });
  for (const secret of [1, 30]) expect(JSON.stringify(spec)).not.toContain(text(secret));
});

test('differences are found in peers, and in files of which the document is known', () => {
  const moved = { ...ten, endpoint: '192.0.2.9:51820' };
  const known = withUnseen(wireguard, seen(), declared(settings).spec);
  const found = (given: Spec, there = known) => differing(wireguard, declared(given).spec, there, false);
  expect(found({ ...settings, peers: [moved, twenty] })).toEqual(['peers']);
  expect(found({ ...settings, peers: [ten] })).toEqual(['peers']);
  const { endpoint: _, ...roaming } = twenty;
  expect(found({ ...settings, peers: [ten, roaming] })).toEqual([]);
  const other = {
    ...settings,
    private_key_file: '/etc/weir/keys/new',
    peers: [{ ...ten, preshared_key_file: '/k' }],
  };
  expect(found(other)).toEqual(['private_key_file', 'peers', `preshared_key_files.${text(10)}`]);
});

test('many peers take several messages', () => {
  const peers = Array.from({ length: 300 }, (_, i) => ({
    public_key: Buffer.from(
      Uint8Array.from({ length: 32 }, (_, at) => (at < 2 ? i >> (8 * at) : at)),
    ).toString('base64'),
    allowed_ips: Array.from({ length: 10 }, (_, at) => `10.${i >> 8}.${i & 255}.${at}/32`),
  }));
  const { spec, problems } = declared({ peers });
  expect(problems).toEqual([]);
  const found = written({ op: 'change', before: {}, after: spec }).flatMap((one) => {
    if (one.op !== 'genl') return [];
    expect(one.payload.length).toBeLessThan(32 << 10);
    return decodeWgdeviceAttrs(wireOf(one.payload), 0, one.payload.length).wgdeviceAPeers ?? [];
  });
  expect(found.map((peer) => keyText(peer.wgpeerAPublicKey as Uint8Array)).toSorted()).toEqual(
    peers.map((peer) => peer.public_key).toSorted(),
  );
});

test('mistakes are named', () => {
  const { problems } = declared({
    peers: [
      ten,
      ten,
      { public_key: text(20), endpoint: 'office.example:51820', allowed_ips: ['10.8.0.0/24', 'x'] },
    ],
  });
  expect(problems.join('\n')).toMatch(/peers\.1\.public_key is that of peers\.0/);
  expect(problems.join('\n')).toMatch(/peers\.1\.allowed_ips\.0 is at peers\.0 already/);
  expect(problems.join('\n')).toMatch(/wireguard\.peers\.2\.endpoint/);
  expect(problems.join('\n')).toMatch(/wireguard\.peers\.2\.allowed_ips\.1/);
  for (const wrong of ['192.0.2.1', '192.0.2.1:0', '192.0.2.1:65536', '2001:db8::1:51820'])
    expect(() => canonicalEndpoint(wrong)).toThrow();
});

test('keys are base64', () => {
  for (const seed of [0, 1, 77, 255]) {
    expect(keyText(key(seed))).toBe(text(seed));
    expect(keyBytes(text(seed))).toEqual(key(seed));
  }
});
