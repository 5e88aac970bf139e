// SPDX-License-Identifier: Apache-2.0
import type { Route, RouteHop } from '../../model/route.ts';
import { showObject } from './object.ts';

/** Routes of every table, IPv4 first. */
export const ROUTES = showObject<Route>({
  name: 'routes',
  summary: 'routes of every table, or of one with --table',
  filters: ['dev', 'family', 'table'],
  columns: [
    { title: 'DESTINATION', value: (route) => route.dst, tone: () => 'strong' },
    { title: 'TYPE', value: (route) => route.type },
    { title: 'VIA', value: gatewayOf },
    { title: 'DEVICE', value: (route) => route.dev ?? hops(route.nexthops) },
    { title: 'TABLE', value: (route) => route.table },
    { title: 'PROTOCOL', value: (route) => route.protocol },
    { title: 'METRIC', value: (route) => route.metric, align: 'right' },
    { title: 'SOURCE', value: (route) => route.prefsrc },
    { title: 'FLAGS', value: (route) => route.flags.join(',') },
  ],
});

function gatewayOf(route: Route): string | undefined {
  if (route.nhid !== undefined && route.gateway === undefined) return `nexthop ${route.nhid}`;
  return route.gateway ?? route.via?.host;
}

/** A multipath route in one cell: `eth0 via 10.0.0.1 *2, eth1 via 10.1.0.1`. */
function hops(list: readonly RouteHop[] | undefined): string | undefined {
  return list
    ?.map(({ dev, gateway, via, weight }) => {
      const host = gateway ?? via?.host;
      return `${dev}${host === undefined ? '' : ` via ${host}`}${weight > 1 ? ` *${weight}` : ''}`;
    })
    .join(', ');
}
