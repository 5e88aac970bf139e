// SPDX-License-Identifier: Apache-2.0
import type { RtaMetricsAttrs } from '../../codec/generated/rt-route.ts';
import { given, present } from '../fields.ts';
import type { MetricsSpec } from './schema.ts';

/** RTAX_* numbers of the metrics that can be locked (include/uapi/linux/rtnetlink.h). */
const LOCKS = {
  mtu: 2,
  window: 3,
  rtt: 4,
  rttvar: 5,
  ssthresh: 6,
  cwnd: 7,
  advmss: 8,
  reordering: 9,
  hoplimit: 10,
  rto_min: 13,
};
const RTAX_FEATURE_ECN = 1;

/** RTA_METRICS of declared metrics. The kernel keeps round-trip times in eighths and quarters of a millisecond. */
export function metricsAttrs(m: MetricsSpec): RtaMetricsAttrs {
  const lock = (m.lock ?? []).reduce((bits, name) => bits | (1 << LOCKS[name as keyof typeof LOCKS]), 0);
  return present({
    rtaxMtu: m.mtu,
    rtaxWindow: m.window,
    rtaxRtt: given(m.rtt, (ms) => ms * 8),
    rtaxRttvar: given(m.rttvar, (ms) => ms * 4),
    rtaxSsthresh: m.ssthresh,
    rtaxCwnd: m.cwnd,
    rtaxAdvmss: m.advmss,
    rtaxReordering: m.reordering,
    rtaxHoplimit: m.hoplimit,
    rtaxInitcwnd: m.initcwnd,
    rtaxRtoMin: m.rto_min,
    rtaxInitrwnd: m.initrwnd,
    rtaxQuickack: m.quickack,
    rtaxCcAlgo: m.congestion,
    rtaxFastopenNoCookie: m.fastopen_no_cookie,
    rtaxFeatures: m.ecn === true ? RTAX_FEATURE_ECN : undefined,
    rtaxLock: lock === 0 ? undefined : lock,
  });
}

/** Canonical form of declared metrics: the kernel keeps no zeros, and locks are a set. */
export function canonicalMetrics(m: MetricsSpec): MetricsSpec | undefined {
  const kept = Object.entries(m).filter(([, value]) => value !== 0);
  const lock = m.lock && Object.keys(LOCKS).filter((name) => m.lock?.some((locked) => locked === name));
  const spec = present({ ...Object.fromEntries(kept), lock });
  return Object.keys(spec).length === 0 ? undefined : (spec as MetricsSpec);
}

/** Metrics as a document declares them, of those that the kernel reports. */
export function metricsSpec(m: RtaMetricsAttrs): MetricsSpec | undefined {
  const lock = m.rtaxLock ?? 0;
  const locked = Object.entries(LOCKS).flatMap(([name, bit]) => ((lock & (1 << bit)) === 0 ? [] : [name]));
  const spec = present({
    mtu: m.rtaxMtu,
    window: m.rtaxWindow,
    rtt: given(m.rtaxRtt, (eighths) => eighths >>> 3),
    rttvar: given(m.rtaxRttvar, (quarters) => quarters >>> 2),
    ssthresh: m.rtaxSsthresh,
    cwnd: m.rtaxCwnd,
    advmss: m.rtaxAdvmss,
    reordering: m.rtaxReordering,
    hoplimit: m.rtaxHoplimit === 0xffff_ffff ? undefined : m.rtaxHoplimit,
    initcwnd: m.rtaxInitcwnd,
    rto_min: m.rtaxRtoMin,
    initrwnd: m.rtaxInitrwnd,
    quickack: m.rtaxQuickack,
    congestion: m.rtaxCcAlgo,
    fastopen_no_cookie: m.rtaxFastopenNoCookie,
    ecn: ((m.rtaxFeatures ?? 0) & RTAX_FEATURE_ECN) === 0 ? undefined : true,
    lock: locked.length === 0 ? undefined : locked,
  });
  return Object.keys(spec).length === 0 ? undefined : (spec as MetricsSpec);
}
