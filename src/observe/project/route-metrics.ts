// SPDX-License-Identifier: Apache-2.0
import type { RtaMetricsAttrs } from '../../codec/generated/rt-route.ts';
import { given, present } from '../../kinds/fields.ts';
import type { RouteMetrics } from '../../model/route.ts';

/** Metrics that `mtu lock` and the like can fix, by their RTAX_* number (include/uapi/linux/rtnetlink.h). */
const LOCKABLE: readonly (readonly [rtax: number, name: string])[] = [
  [2, 'mtu'],
  [3, 'window'],
  [4, 'rtt'],
  [5, 'rttvar'],
  [6, 'ssthresh'],
  [7, 'cwnd'],
  [8, 'advmss'],
  [9, 'reordering'],
  [10, 'hoplimit'],
  [13, 'rto_min'],
];

const RTAX_FEATURE_ECN = 1;
const RTAX_FEATURE_TCP_USEC_TS = 1 << 4;
const NO_HOPLIMIT = 0xffff_ffff;

/** RTA_METRICS by ip's names. The kernel keeps round-trip times in eighths and quarters of a millisecond. */
export function renderRouteMetrics(m: RtaMetricsAttrs): RouteMetrics {
  const lock = m.rtaxLock ?? 0;
  const locked = LOCKABLE.filter(([rtax]) => (lock & (1 << rtax)) !== 0).map(([, name]) => name);
  const features = m.rtaxFeatures ?? 0;
  return present({
    mtu: m.rtaxMtu,
    window: m.rtaxWindow,
    rtt: given(m.rtaxRtt, (eighths) => eighths >>> 3),
    rttvar: given(m.rtaxRttvar, (quarters) => quarters >>> 2),
    ssthresh: m.rtaxSsthresh,
    cwnd: m.rtaxCwnd,
    advmss: m.rtaxAdvmss,
    reordering: m.rtaxReordering,
    hoplimit: given(m.rtaxHoplimit, (limit) => (limit === NO_HOPLIMIT ? 0 : limit)),
    initcwnd: m.rtaxInitcwnd,
    ecn: (features & RTAX_FEATURE_ECN) !== 0 ? null : undefined,
    tcp_usec_ts: (features & RTAX_FEATURE_TCP_USEC_TS) !== 0 ? null : undefined,
    rto_min: m.rtaxRtoMin,
    initrwnd: m.rtaxInitrwnd,
    quickack: m.rtaxQuickack,
    congestion: m.rtaxCcAlgo,
    fastopen_no_cookie: m.rtaxFastopenNoCookie,
    lock: locked.length > 0 ? locked : undefined,
  }) as RouteMetrics;
}
