// SPDX-License-Identifier: Apache-2.0
import { parsePrefix } from '../../base/ip.ts';
import {
  encodeWgdeviceAttrs,
  WG_CMD_SET_DEVICE,
  WGPEER_F_REMOVE_ME,
  WGPEER_F_REPLACE_ALLOWEDIPS,
  type WgallowedipAttrs,
  type WgdeviceAttrs,
  type WgpeerAttrs,
} from '../../codec/generated/wireguard.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import type { Spec } from '../../model/object.ts';
import type { Change, OperationSink } from '../object-class.ts';
import { sockaddrOf } from './endpoint.ts';
import { keyBytes } from './key.ts';

/** Peers and prefixes of one message, well below the 64 KiB of an attribute. */
const MESSAGE_ITEMS = 512;
/** What takes a preshared key away. */
const NO_KEY = new Uint8Array(32);

/** Write what differs. Peers that stay as they are keep their sessions. */
export function writeWireguard({ before = {}, after = {} }: Change, to: OperationSink): void {
  const index = to.ifindex(String(after['dev']));
  const device = deviceAttrs(before, after, to);
  const [first = [], ...others] = portions(changedPeers(before, after, to));
  const send = (attrs: WgdeviceAttrs) =>
    to.genl('wireguard', WG_CMD_SET_DEVICE, (out) =>
      encodeWgdeviceAttrs(out, { wgdeviceAIfindex: index, ...attrs }),
    );
  send({ ...device, ...(first.length > 0 && { wgdeviceAPeers: first }) });
  for (const peers of others) send({ wgdeviceAPeers: peers });
}

function deviceAttrs(before: Spec, after: Spec, to: OperationSink): WgdeviceAttrs {
  const { private_key_file: file, listen_port: port, fwmark } = after;
  const rekeyed = file !== before['private_key_file'] || after['public_key'] !== before['public_key'];
  return {
    ...(file !== undefined && rekeyed && { wgdeviceAPrivateKey: to.secret(String(file)) }),
    ...(port !== undefined && port !== before['listen_port'] && { wgdeviceAListenPort: port as number }),
    ...(fwmark !== undefined && fwmark !== before['fwmark'] && { wgdeviceAFwmark: fwmark as number }),
  };
}

/** Peers that go come first: their prefixes may have a new owner. */
function changedPeers(before: Spec, after: Spec, to: OperationSink): readonly WgpeerAttrs[] {
  if (after['peers'] === undefined) return [];
  const [was, will] = [peersOf(before), peersOf(after)];
  const gone = [...was.keys()].filter((key) => !will.has(key));
  const changed = [...will].filter(([key, peer]) => JSON.stringify(peer) !== JSON.stringify(was.get(key)));
  return [
    ...gone.map((key) => ({ wgpeerAPublicKey: keyBytes(key), wgpeerAFlags: WGPEER_F_REMOVE_ME })),
    ...changed.map(([key, peer]) => peerAttrs(peer, was.get(key), to)),
  ];
}

/** Peers by their keys, each with the file of its preshared key. */
function peersOf(spec: Spec): ReadonlyMap<string, Spec> {
  const files = (spec['preshared_key_files'] ?? {}) as Spec;
  const peers = (spec['peers'] ?? []) as readonly Spec[];
  return new Map(
    peers.map((peer) => {
      const key = String(peer['public_key']);
      return [key, { ...peer, file: files[key] }];
    }),
  );
}

function peerAttrs(peer: Spec, before: Spec | undefined, to: OperationSink): WgpeerAttrs {
  const { file, preshared: keyed } = peer;
  const taken = keyed === undefined && before?.['preshared'] !== undefined;
  // A key whose file nobody knows any more stays as it is.
  const preshared = file === undefined ? taken && NO_KEY : to.secret(String(file));
  return {
    wgpeerAPublicKey: keyBytes(String(peer['public_key'])),
    wgpeerAFlags: WGPEER_F_REPLACE_ALLOWEDIPS,
    ...(preshared && { wgpeerAPresharedKey: preshared }),
    ...(peer['endpoint'] !== undefined && { wgpeerAEndpoint: sockaddrOf(String(peer['endpoint'])) }),
    wgpeerAPersistentKeepaliveInterval: (peer['persistent_keepalive'] ?? 0) as number,
    wgpeerAAllowedips: (peer['allowed_ips'] as readonly string[]).map(prefixAttrs),
  };
}

function prefixAttrs(text: string): WgallowedipAttrs {
  const { address, prefixlen } = parsePrefix(text);
  return {
    wgallowedipAFamily: address.length === 4 ? AF_INET : AF_INET6,
    wgallowedipAIpaddr: address,
    wgallowedipACidrMask: prefixlen,
  };
}

function portions(peers: readonly WgpeerAttrs[]): readonly (readonly WgpeerAttrs[])[] {
  const found: WgpeerAttrs[][] = [];
  let room = 0;
  for (const peer of peers) {
    const items = 1 + (peer.wgpeerAAllowedips?.length ?? 0);
    if (found.length === 0 || items > room) {
      found.push([]);
      room = MESSAGE_ITEMS;
    }
    found.at(-1)?.push(peer);
    room -= items;
  }
  return found;
}
