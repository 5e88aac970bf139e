// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { parsePrefix, renderIp } from '../../base/ip.ts';
import type { Spec } from '../../model/object.ts';
import { attempt } from '../addresses.ts';
import { present } from '../fields.ts';
import type { Complain } from '../object-class.ts';
import { canonicalEndpoint } from './endpoint.ts';
import { KeyText } from './key.ts';
import { sortedPeers } from './observed.ts';

/** Prefixes of one peer: they go in one message, which an attribute of 64 KiB bounds. */
const MOST_PREFIXES = 1024;

const KeyFile = (description: string) => Type.String({ description, pattern: '^/[^\\0]{1,4094}$' });

const Peer = Type.Object(
  {
    public_key: KeyText('Public key of the peer'),
    preshared_key_file: Type.Optional(KeyFile('File with a preshared key, which only its owner may read')),
    endpoint: Type.Optional(
      Type.String({ description: 'Address and port of the peer; leave it out for one that moves' }),
    ),
    allowed_ips: Type.Optional(
      Type.Array(Type.String(), { description: 'Prefixes behind the peer', maxItems: MOST_PREFIXES }),
    ),
    persistent_keepalive: Type.Optional(
      Type.Integer({
        description: 'Seconds between packets that keep it open, 0 for none',
        minimum: 0,
        maximum: 65535,
      }),
    ),
  },
  { additionalProperties: false, description: 'A peer' },
);

/** `wireguard` in an item of `links`. */
export const WireguardFields = Type.Object(
  {
    private_key_file: Type.Optional(KeyFile('File with the private key, which only its owner may read')),
    listen_port: Type.Optional(
      Type.Integer({ description: 'UDP port, 0 takes any', minimum: 0, maximum: 65535 }),
    ),
    fwmark: Type.Optional(
      Type.Integer({
        description: 'Mark of the outer packets, 0 for none',
        minimum: 0,
        maximum: 0xffff_ffff,
      }),
    ),
    peers: Type.Optional(
      Type.Array(Peer, { description: 'All peers: others are taken out', maxItems: 65_536 }),
    ),
  },
  { additionalProperties: false, description: 'Keys and peers of a WireGuard device' },
);

/** Canonical settings of a device from what fits `WireguardFields`. */
export function declaredWireguard(dev: string, given: Spec, complain: Complain): Spec {
  const peers = given['peers'] as readonly Spec[] | undefined;
  const files = (peers ?? []).flatMap(({ public_key: key, preshared_key_file: file }) =>
    file === undefined ? [] : [[String(key), file] as const],
  );
  if (peers !== undefined) checkPeers(peers, complain);
  return present({
    dev,
    private_key_file: given['private_key_file'],
    listen_port: given['listen_port'],
    fwmark: given['fwmark'],
    peers: peers && sortedPeers(peers.map((peer, i) => canonicalPeer(peer, `peers.${i}`, complain))),
    preshared_key_files: files.length === 0 ? undefined : Object.fromEntries(files),
  });
}

function canonicalPeer(peer: Spec, path: string, complain: Complain): Spec {
  const { endpoint, allowed_ips: prefixes = [], persistent_keepalive: keepalive } = peer;
  return present({
    public_key: peer['public_key'],
    preshared: peer['preshared_key_file'] === undefined ? undefined : true,
    endpoint:
      endpoint === undefined
        ? undefined
        : attempt(() => canonicalEndpoint(String(endpoint)), `${path}.endpoint`, complain),
    allowed_ips: (prefixes as readonly string[]).map(
      (text, i) => attempt(() => networkText(text), `${path}.allowed_ips.${i}`, complain) ?? '',
    ),
    persistent_keepalive: keepalive === 0 ? undefined : keepalive,
  });
}

/** A prefix without the bits of hosts, which the kernel drops (drivers/net/wireguard/allowedips.c). */
function networkText(text: string): string {
  const { address, prefixlen } = parsePrefix(text);
  const network = address.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixlen - i * 8))));
  return `${renderIp(network)}/${prefixlen}`;
}

/** Every key once, and every prefix at one peer: the kernel would move it to the last one. */
function checkPeers(peers: readonly Spec[], complain: Complain): void {
  const keys = new Map<string, number>();
  const owners = new Map<string, number>();
  for (const [i, peer] of peers.entries()) {
    const key = String(peer['public_key']);
    if (keys.has(key)) complain(`peers.${i}.public_key`, `is that of peers.${keys.get(key)}: join the two`);
    keys.set(key, i);
    for (const [at, text] of ((peer['allowed_ips'] ?? []) as readonly string[]).entries()) {
      const prefix =
        attempt(
          () => networkText(text),
          '',
          () => undefined,
        ) ?? text;
      const owner = owners.get(prefix);
      if (owner !== undefined) complain(`peers.${i}.allowed_ips.${at}`, `is at peers.${owner} already`);
      owners.set(prefix, i);
    }
  }
}
