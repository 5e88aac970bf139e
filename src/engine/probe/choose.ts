// SPDX-License-Identifier: Apache-2.0
import { get } from 'node:http';
import { get as getSecurely } from 'node:https';
import { WeirError } from '../../base/errors.ts';
import { NETLINK } from '../../kernel/ports.ts';
import type { CallerPath } from '../../plan/plan.ts';
import { DeviceIndex } from '../execute/device-index.ts';
import type { EngineParts } from '../parts.ts';
import { resolveNeighbour } from './neighbour.ts';
import { ATTEMPT_MS, type Probe } from './probe.ts';

type Needs = Pick<EngineParts, 'open' | 'pathTo'>;

/**
 * Addresses of nobody, by family (RFC 5737, RFC 2544, RFC 1112; RFC 3849, RFC 9637): the way to them is the default
 * route, unless a node has routes for just these, as one that practises does. No packet goes there.
 */
const ANYWHERE = [
  ['198.51.100.1', '203.0.113.1', '192.0.2.1', '198.18.0.1', '240.0.0.1'],
  ['2001:db8::1', '3fff::1', '2001:db8:ffff:ffff::1'],
];

/** Default routes, also in the halves that tunnels make of them, as the end of a route's key begins. */
const DEFAULT = / (default|0\.0\.0\.0\/[01]|128\.0\.0\.0\/1|::\/[01]|8000::\/1|2000::\/3)( |$)/;

/**
 * The probes of a change: those that were asked for and, unless `none` is among them, the way to the default gateway
 * and to whoever asks.
 * @throws {WeirError} `VALUE` for a probe that does not exist.
 */
export function chooseProbes(
  needs: Needs,
  wanted: readonly string[],
  peers: readonly string[],
): readonly Probe[] {
  const named = wanted.filter((name) => name !== 'none').map((name) => explicitProbe(needs, name));
  if (wanted.includes('none')) return named;
  const gateway = named.some(({ name }) => name === 'gateway')
    ? []
    : [{ ...gatewayProbe(needs), explicit: false }];
  return [...named, ...gateway, ...[...new Set(peers)].map((peer) => pathProbe(needs, peer))];
}

function explicitProbe(needs: Needs, name: string): Probe {
  if (name === 'gateway') return gatewayProbe(needs);
  const [kind = '', rest = ''] = split(name, name.indexOf(':'));
  if (kind === 'ping') return explicit(name, async () => (await needs.open('')).ping(rest, ATTEMPT_MS));
  if (kind === 'tcp') return tcpProbe(needs, name, rest);
  if (kind === 'http' || kind === 'https') return explicit(name, () => fetchOnce(urlOf(kind, rest)));
  throw new WeirError('VALUE', {
    what: `probe "${name}"`,
    problem: 'must be ping:, tcp:, http:, gateway or none',
  });
}

const explicit = (name: string, attempt: () => Promise<void>): Probe => ({ name, explicit: true, attempt });

function tcpProbe(needs: Needs, name: string, target: string): Probe {
  const [host = '', port = ''] = split(target, target.lastIndexOf(':'));
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return explicit(name, async () => (await needs.open('')).connect(bare, Number(port), ATTEMPT_MS));
}

/** `http:URL` and `http://host/` are both understood. */
function urlOf(kind: 'http' | 'https', rest: string): string {
  return rest.startsWith('//') ? `${kind}:${rest}` : rest;
}

/** Any answer below 500 shows that the way and the server are there. */
function fetchOnce(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const ask = url.startsWith('https:') ? getSecurely : get;
    const request = ask(url, { timeout: ATTEMPT_MS, agent: false }, (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      if (statusCode < 500) resolve();
      else reject(unreachable(url, `it answers with the status ${statusCode}`));
    });
    request.on('timeout', () => request.destroy(unreachable(url, 'it does not answer')));
    request.on('error', reject);
  });
}

function gatewayProbe({ open, pathTo }: Needs): Probe {
  return explicit('gateway', async () => {
    const paths = await Promise.all(ANYWHERE.map((addresses) => defaultPath(pathTo, addresses)));
    const gateways = paths.filter(
      (path): path is GatewayPath => path?.gateway !== undefined && path.dev !== undefined,
    );
    if (gateways.length === 0) throw unreachable('gateway', 'there is no default route');
    const route = await (await open('')).netlink(NETLINK.ROUTE);
    for (const { gateway, dev } of gateways) {
      const index = new DeviceIndex(route);
      await index.learn(dev);
      await resolveNeighbour(route, gateway, index.known(dev) as number);
    }
  });
}

/** The first way that is by a default route. All are looked up at once: the kernel is asked and answers in one go. */
async function defaultPath(
  pathTo: Needs['pathTo'],
  addresses: readonly string[],
): Promise<CallerPath | undefined> {
  const paths = await Promise.all(addresses.map(pathTo));
  return paths.find((path) => path?.route !== undefined && DEFAULT.test(path.route));
}

type GatewayPath = CallerPath & { readonly gateway: string; readonly dev: string };

/** Whoever asked can still be answered. */
function pathProbe({ pathTo }: Needs, peer: string): Probe {
  return {
    name: `path to ${peer}`,
    explicit: false,
    attempt: async () => {
      if ((await pathTo(peer)) === undefined) throw unreachable(peer, 'there is no route');
    },
  };
}

const unreachable = (what: string, problem: string) => new WeirError('PROBE', { what, problem });

function split(text: string, at: number): [string, string] {
  return [text.slice(0, at), text.slice(at + 1)];
}
