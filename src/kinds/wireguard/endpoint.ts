// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';
import { parseIp, renderIp } from '../../base/ip.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';

const SOCKADDR_IN_SIZE = 16;
const SOCKADDR_IN6_SIZE = 28;
const SIN_ADDR = 4;
const SIN6_ADDR = 8;

interface Endpoint {
  readonly address: Uint8Array;
  readonly port: number;
}

/** `192.0.2.1:51820` or `[2001:db8::1]:51820`. @throws {WeirError} `VALUE`; names are not looked up. */
function parseEndpoint(text: string): Endpoint {
  const [, six, four, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > 65535)
    throw new WeirError('VALUE', {
      what: `endpoint "${text}"`,
      problem: 'is no address with a port, such as 192.0.2.1:51820 or [2001:db8::1]:51820',
    });
  return { address: parseIp((six ?? four) as string), port };
}

/** The endpoint as the kernel will report it. @throws {WeirError} `VALUE`. */
export function canonicalEndpoint(text: string): string {
  return endpointText(parseEndpoint(text));
}

function endpointText({ address, port }: Endpoint): string {
  const text = renderIp(address);
  return address.length === 4 ? `${text}:${port}` : `[${text}]:${port}`;
}

/** struct sockaddr_in or sockaddr_in6: the family in the order of the host, the port in that of the network. */
export function sockaddrOf(text: string): Uint8Array {
  const { address, port } = parseEndpoint(text);
  const four = address.length === 4;
  const bytes = new Uint8Array(four ? SOCKADDR_IN_SIZE : SOCKADDR_IN6_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, four ? AF_INET : AF_INET6, true);
  view.setUint16(2, port, false);
  bytes.set(address, four ? SIN_ADDR : SIN6_ADDR);
  return bytes;
}

/** The endpoint in a sockaddr; undefined for one of neither family. */
export function endpointOf(sockaddr: Uint8Array): string | undefined {
  const view = new DataView(sockaddr.buffer, sockaddr.byteOffset, sockaddr.byteLength);
  const four = sockaddr.length === SOCKADDR_IN_SIZE;
  if (!four && sockaddr.length !== SOCKADDR_IN6_SIZE) return undefined;
  const address = four ? sockaddr.slice(SIN_ADDR, SIN_ADDR + 4) : sockaddr.slice(SIN6_ADDR, SIN6_ADDR + 16);
  return endpointText({ address, port: view.getUint16(2, false) });
}
