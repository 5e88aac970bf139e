// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { Wire } from '../../base/wire.ts';
import { decodeRouteAttrs, decodeRtmsg, ROUTE_ATTRS, RTMSG_SIZE } from '../../codec/generated/rt-route.ts';
import { pickOf } from '../../codec/table.ts';
import type { OwnedObject } from '../../model/object.ts';

/** RTPROT_WEIR: what Weir made. */
const PROTOCOL = 87;
const DESTINATION = pickOf(ROUTE_ATTRS, ['rtaDst']);

/** Tells events of owned routes from those of a routing daemon, which may be a million: by protocol and destination. */
export class RouteFilter {
  readonly #destinations = new Set<string>();

  constructor(owned: Iterable<OwnedObject>) {
    for (const { class: name, declared } of owned)
      if (name === 'route') this.#destinations.add(String(declared['dst']));
  }

  /** True when the message may be about an owned route. */
  concerns(wire: Wire, start: number, end: number): boolean {
    const { rtmProtocol, rtmDstLen } = decodeRtmsg(wire, start, end);
    if (rtmProtocol === PROTOCOL) return true;
    const { rtaDst } = decodeRouteAttrs(wire, start + RTMSG_SIZE, end, DESTINATION);
    if (rtaDst === undefined) return this.#destinations.has('default');
    return (
      this.#destinations.has(`${renderIp(rtaDst)}/${rtmDstLen}`) || this.#destinations.has(renderIp(rtaDst))
    );
  }
}
