// SPDX-License-Identifier: Apache-2.0
// Generated from the BTF of ebpf/policy/policy.bpf.c by tools/ebpf/main.ts: do not edit.
import type { Wire } from '../../base/wire.ts';

/** struct policy_event */
export interface PolicyEvent {
  readonly time: bigint;
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  readonly space: number;
  readonly ifindex: number;
  readonly endpoint: number;
  readonly epoch: number;
  readonly rule: number;
  readonly auditRule: number;
  readonly identity: number;
  readonly length: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly protocol: number;
  readonly tcpFlags: number;
  readonly direction: number;
  readonly reason: number;
  readonly action: number;
  readonly auditAction: number;
  readonly sample: number;
}

export const POLICY_EVENT_SIZE = 88;

export function decodePolicyEvent(wire: Wire, at: number): PolicyEvent {
  return {
    time: wire.view.getBigUint64(at, true),
    local: wire.bytes.slice(at + 8, at + 8 + 16),
    remote: wire.bytes.slice(at + 24, at + 24 + 16),
    space: wire.view.getUint32(at + 40, true),
    ifindex: wire.view.getUint32(at + 44, true),
    endpoint: wire.view.getUint32(at + 48, true),
    epoch: wire.view.getUint32(at + 52, true),
    rule: wire.view.getUint32(at + 56, true),
    auditRule: wire.view.getUint32(at + 60, true),
    identity: wire.view.getUint32(at + 64, true),
    length: wire.view.getUint32(at + 68, true),
    localPort: wire.view.getUint16(at + 72, true),
    remotePort: wire.view.getUint16(at + 74, true),
    protocol: wire.view.getUint8(at + 76),
    tcpFlags: wire.view.getUint8(at + 77),
    direction: wire.view.getUint8(at + 78),
    reason: wire.view.getUint8(at + 79),
    action: wire.view.getUint8(at + 80),
    auditAction: wire.view.getUint8(at + 81),
    sample: wire.view.getUint32(at + 84, true),
  };
}

/** struct policy_trace */
export interface PolicyTrace {
  readonly event: PolicyEvent;
  readonly set: number;
  readonly runs: number;
  readonly now: bigint;
}

export const POLICY_TRACE_SIZE = 104;

export function decodePolicyTrace(wire: Wire, at: number): PolicyTrace {
  return {
    event: decodePolicyEvent(wire, at),
    set: wire.view.getUint32(at + 88, true),
    runs: wire.view.getUint32(at + 92, true),
    now: wire.view.getBigUint64(at + 96, true),
  };
}

/** struct policy_rule */
export interface PolicyRule {
  readonly action: number;
  readonly flags: number;
  readonly counter: number;
  readonly mark: number;
  readonly log: number;
  readonly limitCost: bigint;
  readonly limitBurst: bigint;
}

export const POLICY_RULE_SIZE = 40;

export function decodePolicyRule(wire: Wire, at: number): PolicyRule {
  return {
    action: wire.view.getUint32(at, true),
    flags: wire.view.getUint32(at + 4, true),
    counter: wire.view.getUint32(at + 8, true),
    mark: wire.view.getUint32(at + 12, true),
    log: wire.view.getUint32(at + 16, true),
    limitCost: wire.view.getBigUint64(at + 24, true),
    limitBurst: wire.view.getBigUint64(at + 32, true),
  };
}

/** struct policy_flow_key */
export interface PolicyFlowKey {
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  readonly endpoint: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly protocol: number;
}

export const POLICY_FLOW_KEY_SIZE = 48;

export function decodePolicyFlowKey(wire: Wire, at: number): PolicyFlowKey {
  return {
    local: wire.bytes.slice(at, at + 16),
    remote: wire.bytes.slice(at + 16, at + 16 + 16),
    endpoint: wire.view.getUint32(at + 32, true),
    localPort: wire.view.getUint16(at + 36, true),
    remotePort: wire.view.getUint16(at + 38, true),
    protocol: wire.view.getUint32(at + 40, true),
  };
}

/** struct policy_flow */
export interface PolicyFlow {
  readonly check: number;
  readonly epoch: number;
  readonly seen: bigint;
  readonly created: bigint;
  readonly rule: number;
  readonly counter: number;
  readonly state: number;
  readonly origin: number;
  readonly tcpFlags: number;
  readonly flags: number;
}

export const POLICY_FLOW_SIZE = 40;

export function decodePolicyFlow(wire: Wire, at: number): PolicyFlow {
  return {
    check: wire.view.getUint32(at, true),
    epoch: wire.view.getUint32(at + 4, true),
    seen: wire.view.getBigUint64(at + 8, true),
    created: wire.view.getBigUint64(at + 16, true),
    rule: wire.view.getUint32(at + 24, true),
    counter: wire.view.getUint32(at + 28, true),
    state: wire.view.getUint8(at + 32),
    origin: wire.view.getUint8(at + 33),
    tcpFlags: wire.view.getUint8(at + 34),
    flags: wire.view.getUint8(at + 35),
  };
}

/** struct policy_fragment_key */
export interface PolicyFragmentKey {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly endpoint: number;
  readonly id: number;
  readonly protocol: number;
  readonly direction: number;
  readonly family: number;
}

export const POLICY_FRAGMENT_KEY_SIZE = 44;

export function decodePolicyFragmentKey(wire: Wire, at: number): PolicyFragmentKey {
  return {
    source: wire.bytes.slice(at, at + 16),
    destination: wire.bytes.slice(at + 16, at + 16 + 16),
    endpoint: wire.view.getUint32(at + 32, true),
    id: wire.view.getUint32(at + 36, true),
    protocol: wire.view.getUint8(at + 40),
    direction: wire.view.getUint8(at + 41),
    family: wire.view.getUint8(at + 42),
  };
}

/** struct policy_fragment */
export interface PolicyFragment {
  readonly check: number;
  readonly allowed: number;
  readonly seen: bigint;
  readonly rule: number;
  readonly counter: number;
}

export const POLICY_FRAGMENT_SIZE = 24;

export function decodePolicyFragment(wire: Wire, at: number): PolicyFragment {
  return {
    check: wire.view.getUint32(at, true),
    allowed: wire.view.getUint32(at + 4, true),
    seen: wire.view.getBigUint64(at + 8, true),
    rule: wire.view.getUint32(at + 16, true),
    counter: wire.view.getUint32(at + 20, true),
  };
}

/** struct policy_segment */
export interface PolicySegment {
  readonly first: number;
  readonly count: number;
}

export const POLICY_SEGMENT_SIZE = 8;

export function decodePolicySegment(wire: Wire, at: number): PolicySegment {
  return {
    first: wire.view.getUint32(at, true),
    count: wire.view.getUint32(at + 4, true),
  };
}

/** struct policy_set_slot */
export interface PolicySetSlot {
  readonly v4: PolicySegment;
  readonly v6: PolicySegment;
  readonly strict: number;
}

export const POLICY_SET_SLOT_SIZE = 20;

export function decodePolicySetSlot(wire: Wire, at: number): PolicySetSlot {
  return {
    v4: decodePolicySegment(wire, at),
    v6: decodePolicySegment(wire, at + 8),
    strict: wire.view.getUint32(at + 16, true),
  };
}

/** struct policy_set */
export interface PolicySet {
  readonly slot: readonly PolicySetSlot[];
}

export const POLICY_SET_SIZE = 40;

export function decodePolicySet(wire: Wire, at: number): PolicySet {
  return {
    slot: Array.from({ length: 2 }, (_, i) => decodePolicySetSlot(wire, at + i * 20)),
  };
}

/** struct policy_config */
export interface PolicyConfig {
  readonly epoch: number;
  readonly hz: number;
  readonly secret: readonly number[];
  readonly answerMark: number;
  readonly layout: number;
  readonly stamp: bigint;
}

export const POLICY_CONFIG_SIZE = 40;

export function decodePolicyConfig(wire: Wire, at: number): PolicyConfig {
  return {
    epoch: wire.view.getUint32(at, true),
    hz: wire.view.getUint32(at + 4, true),
    secret: Array.from({ length: 4 }, (_, i) => wire.view.getUint32(at + 8 + i * 4, true)),
    answerMark: wire.view.getUint32(at + 24, true),
    layout: wire.view.getUint32(at + 28, true),
    stamp: wire.view.getBigUint64(at + 32, true),
  };
}

/** struct policy_place_key */
export interface PolicyPlaceKey {
  readonly space: number;
  readonly ifindex: number;
}

export const POLICY_PLACE_KEY_SIZE = 8;

export function decodePolicyPlaceKey(wire: Wire, at: number): PolicyPlaceKey {
  return {
    space: wire.view.getUint32(at, true),
    ifindex: wire.view.getUint32(at + 4, true),
  };
}

/** struct bpf_spin_lock */
export interface BpfSpinLock {
  readonly val: number;
}

export const BPF_SPIN_LOCK_SIZE = 4;

export function decodeBpfSpinLock(wire: Wire, at: number): BpfSpinLock {
  return {
    val: wire.view.getUint32(at, true),
  };
}

/** struct policy_place_slot */
export interface PolicyPlaceSlot {
  readonly endpoint: number;
  readonly set: readonly number[];
  readonly flags: number;
}

export const POLICY_PLACE_SLOT_SIZE = 16;

export function decodePolicyPlaceSlot(wire: Wire, at: number): PolicyPlaceSlot {
  return {
    endpoint: wire.view.getUint32(at, true),
    set: Array.from({ length: 2 }, (_, i) => wire.view.getUint32(at + 4 + i * 4, true)),
    flags: wire.view.getUint32(at + 12, true),
  };
}

/** struct policy_place */
export interface PolicyPlace {
  readonly lock: BpfSpinLock;
  readonly slot: readonly PolicyPlaceSlot[];
}

export const POLICY_PLACE_SIZE = 36;

export function decodePolicyPlace(wire: Wire, at: number): PolicyPlace {
  return {
    lock: decodeBpfSpinLock(wire, at),
    slot: Array.from({ length: 2 }, (_, i) => decodePolicyPlaceSlot(wire, at + 4 + i * 16)),
  };
}

/** struct policy_near_place */
export interface PolicyNearPlace {
  readonly space: number;
  readonly ifindex: number;
  readonly slot: readonly PolicyPlaceSlot[];
}

export const POLICY_NEAR_PLACE_SIZE = 40;

export function decodePolicyNearPlace(wire: Wire, at: number): PolicyNearPlace {
  return {
    space: wire.view.getUint32(at, true),
    ifindex: wire.view.getUint32(at + 4, true),
    slot: Array.from({ length: 2 }, (_, i) => decodePolicyPlaceSlot(wire, at + 8 + i * 16)),
  };
}

/** struct policy_v4_nodes */
export interface PolicyV4Nodes {
  readonly node: readonly number[];
}

export const POLICY_V4_NODES_SIZE = 64;

export function decodePolicyV4Nodes(wire: Wire, at: number): PolicyV4Nodes {
  return {
    node: Array.from({ length: 16 }, (_, i) => wire.view.getUint32(at + i * 4, true)),
  };
}

/** struct policy_v4_root */
export interface PolicyV4Root {
  readonly slot: readonly PolicyV4Nodes[];
}

export const POLICY_V4_ROOT_SIZE = 128;

export function decodePolicyV4Root(wire: Wire, at: number): PolicyV4Root {
  return {
    slot: Array.from({ length: 2 }, (_, i) => decodePolicyV4Nodes(wire, at + i * 64)),
  };
}

/** struct policy_v4 */
export interface PolicyV4 {
  readonly word: readonly number[];
}

export const POLICY_V4_SIZE = 64;

export function decodePolicyV4(wire: Wire, at: number): PolicyV4 {
  return {
    word: Array.from({ length: 32 }, (_, i) => wire.view.getUint16(at + i * 2, true)),
  };
}

/** struct policy_v6_key */
export interface PolicyV6Key {
  readonly length: number;
  readonly address: Uint8Array;
}

export const POLICY_V6_KEY_SIZE = 20;

export function decodePolicyV6Key(wire: Wire, at: number): PolicyV6Key {
  return {
    length: wire.view.getUint32(at, true),
    address: wire.bytes.slice(at + 4, at + 4 + 16),
  };
}

/** struct policy_v6 */
export interface PolicyV6 {
  readonly identity: readonly number[];
}

export const POLICY_V6_SIZE = 8;

export function decodePolicyV6(wire: Wire, at: number): PolicyV6 {
  return {
    identity: Array.from({ length: 2 }, (_, i) => wire.view.getUint32(at + i * 4, true)),
  };
}

/** struct policy_peer_key */
export interface PolicyPeerKey {
  readonly set: number;
  readonly identity: number;
}

export const POLICY_PEER_KEY_SIZE = 8;

export function decodePolicyPeerKey(wire: Wire, at: number): PolicyPeerKey {
  return {
    set: wire.view.getUint32(at, true),
    identity: wire.view.getUint32(at + 4, true),
  };
}

/** struct policy_peer */
export interface PolicyPeer {
  readonly lock: BpfSpinLock;
  readonly slot: readonly PolicySegment[];
}

export const POLICY_PEER_SIZE = 24;

export function decodePolicyPeer(wire: Wire, at: number): PolicyPeer {
  return {
    lock: decodeBpfSpinLock(wire, at),
    slot: Array.from({ length: 2 }, (_, i) => decodePolicySegment(wire, at + 8 + i * 8)),
  };
}

/** struct policy_near_peer */
export interface PolicyNearPeer {
  readonly key: PolicyPeerKey;
  readonly slot: readonly PolicySegment[];
}

export const POLICY_NEAR_PEER_SIZE = 24;

export function decodePolicyNearPeer(wire: Wire, at: number): PolicyNearPeer {
  return {
    key: decodePolicyPeerKey(wire, at),
    slot: Array.from({ length: 2 }, (_, i) => decodePolicySegment(wire, at + 8 + i * 8)),
  };
}

/** struct policy_port */
export interface PolicyPort {
  readonly key: number;
  readonly verdict: number;
}

export const POLICY_PORT_SIZE = 8;

export function decodePolicyPort(wire: Wire, at: number): PolicyPort {
  return {
    key: wire.view.getUint32(at, true),
    verdict: wire.view.getUint32(at + 4, true),
  };
}

/** struct policy_verdict */
export interface PolicyVerdict {
  readonly rule: number;
  readonly auditRule: number;
  readonly next: number;
  readonly tcpMask: number;
  readonly tcpValue: number;
}

export const POLICY_VERDICT_SIZE = 16;

export function decodePolicyVerdict(wire: Wire, at: number): PolicyVerdict {
  return {
    rule: wire.view.getUint32(at, true),
    auditRule: wire.view.getUint32(at + 4, true),
    next: wire.view.getUint32(at + 8, true),
    tcpMask: wire.view.getUint8(at + 12),
    tcpValue: wire.view.getUint8(at + 13),
  };
}

/** struct policy_counter */
export interface PolicyCounter {
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly last: bigint;
}

export const POLICY_COUNTER_SIZE = 24;

export function decodePolicyCounter(wire: Wire, at: number): PolicyCounter {
  return {
    packets: wire.view.getBigUint64(at, true),
    bytes: wire.view.getBigUint64(at + 8, true),
    last: wire.view.getBigUint64(at + 16, true),
  };
}

/** struct policy_bucket_key */
export interface PolicyBucketKey {
  readonly source: Uint8Array;
  readonly counter: number;
  readonly kind: number;
}

export const POLICY_BUCKET_KEY_SIZE = 24;

export function decodePolicyBucketKey(wire: Wire, at: number): PolicyBucketKey {
  return {
    source: wire.bytes.slice(at, at + 16),
    counter: wire.view.getUint32(at + 16, true),
    kind: wire.view.getUint32(at + 20, true),
  };
}

/** struct policy_bucket */
export interface PolicyBucket {
  readonly paid: bigint;
}

export const POLICY_BUCKET_SIZE = 8;

export function decodePolicyBucket(wire: Wire, at: number): PolicyBucket {
  return {
    paid: wire.view.getBigUint64(at, true),
  };
}

/** struct policy_reason_count */
export interface PolicyReasonCount {
  readonly packets: bigint;
  readonly bytes: bigint;
}

export const POLICY_REASON_COUNT_SIZE = 16;

export function decodePolicyReasonCount(wire: Wire, at: number): PolicyReasonCount {
  return {
    packets: wire.view.getBigUint64(at, true),
    bytes: wire.view.getBigUint64(at + 8, true),
  };
}

/** struct policy_flip */
export interface PolicyFlip {
  readonly epoch: number;
  readonly read: number;
  readonly before: number;
  readonly now: bigint;
}

export const POLICY_FLIP_SIZE = 24;

export function decodePolicyFlip(wire: Wire, at: number): PolicyFlip {
  return {
    epoch: wire.view.getUint32(at, true),
    read: wire.view.getUint32(at + 4, true),
    before: wire.view.getUint32(at + 8, true),
    now: wire.view.getBigUint64(at + 16, true),
  };
}

export function encodePolicyEvent(wire: Wire, at: number, value: PolicyEvent): void {
  wire.view.setBigUint64(at, value.time, true);
  wire.bytes.set(value.local, at + 8);
  wire.bytes.set(value.remote, at + 24);
  wire.view.setUint32(at + 40, value.space, true);
  wire.view.setUint32(at + 44, value.ifindex, true);
  wire.view.setUint32(at + 48, value.endpoint, true);
  wire.view.setUint32(at + 52, value.epoch, true);
  wire.view.setUint32(at + 56, value.rule, true);
  wire.view.setUint32(at + 60, value.auditRule, true);
  wire.view.setUint32(at + 64, value.identity, true);
  wire.view.setUint32(at + 68, value.length, true);
  wire.view.setUint16(at + 72, value.localPort, true);
  wire.view.setUint16(at + 74, value.remotePort, true);
  wire.view.setUint8(at + 76, value.protocol);
  wire.view.setUint8(at + 77, value.tcpFlags);
  wire.view.setUint8(at + 78, value.direction);
  wire.view.setUint8(at + 79, value.reason);
  wire.view.setUint8(at + 80, value.action);
  wire.view.setUint8(at + 81, value.auditAction);
  wire.view.setUint32(at + 84, value.sample, true);
}

export function encodePolicyTrace(wire: Wire, at: number, value: PolicyTrace): void {
  encodePolicyEvent(wire, at, value.event);
  wire.view.setUint32(at + 88, value.set, true);
  wire.view.setUint32(at + 92, value.runs, true);
  wire.view.setBigUint64(at + 96, value.now, true);
}

export function encodePolicyRule(wire: Wire, at: number, value: PolicyRule): void {
  wire.view.setUint32(at, value.action, true);
  wire.view.setUint32(at + 4, value.flags, true);
  wire.view.setUint32(at + 8, value.counter, true);
  wire.view.setUint32(at + 12, value.mark, true);
  wire.view.setUint32(at + 16, value.log, true);
  wire.view.setBigUint64(at + 24, value.limitCost, true);
  wire.view.setBigUint64(at + 32, value.limitBurst, true);
}

export function encodePolicyFlowKey(wire: Wire, at: number, value: PolicyFlowKey): void {
  wire.bytes.set(value.local, at);
  wire.bytes.set(value.remote, at + 16);
  wire.view.setUint32(at + 32, value.endpoint, true);
  wire.view.setUint16(at + 36, value.localPort, true);
  wire.view.setUint16(at + 38, value.remotePort, true);
  wire.view.setUint32(at + 40, value.protocol, true);
}

export function encodePolicyFlow(wire: Wire, at: number, value: PolicyFlow): void {
  wire.view.setUint32(at, value.check, true);
  wire.view.setUint32(at + 4, value.epoch, true);
  wire.view.setBigUint64(at + 8, value.seen, true);
  wire.view.setBigUint64(at + 16, value.created, true);
  wire.view.setUint32(at + 24, value.rule, true);
  wire.view.setUint32(at + 28, value.counter, true);
  wire.view.setUint8(at + 32, value.state);
  wire.view.setUint8(at + 33, value.origin);
  wire.view.setUint8(at + 34, value.tcpFlags);
  wire.view.setUint8(at + 35, value.flags);
}

export function encodePolicyFragmentKey(wire: Wire, at: number, value: PolicyFragmentKey): void {
  wire.bytes.set(value.source, at);
  wire.bytes.set(value.destination, at + 16);
  wire.view.setUint32(at + 32, value.endpoint, true);
  wire.view.setUint32(at + 36, value.id, true);
  wire.view.setUint8(at + 40, value.protocol);
  wire.view.setUint8(at + 41, value.direction);
  wire.view.setUint8(at + 42, value.family);
}

export function encodePolicyFragment(wire: Wire, at: number, value: PolicyFragment): void {
  wire.view.setUint32(at, value.check, true);
  wire.view.setUint32(at + 4, value.allowed, true);
  wire.view.setBigUint64(at + 8, value.seen, true);
  wire.view.setUint32(at + 16, value.rule, true);
  wire.view.setUint32(at + 20, value.counter, true);
}

export function encodePolicySegment(wire: Wire, at: number, value: PolicySegment): void {
  wire.view.setUint32(at, value.first, true);
  wire.view.setUint32(at + 4, value.count, true);
}

export function encodePolicySetSlot(wire: Wire, at: number, value: PolicySetSlot): void {
  encodePolicySegment(wire, at, value.v4);
  encodePolicySegment(wire, at + 8, value.v6);
  wire.view.setUint32(at + 16, value.strict, true);
}

export function encodePolicySet(wire: Wire, at: number, value: PolicySet): void {
  value.slot.forEach((one, i) => {
    encodePolicySetSlot(wire, at + i * 20, one);
  });
}

export function encodePolicyConfig(wire: Wire, at: number, value: PolicyConfig): void {
  wire.view.setUint32(at, value.epoch, true);
  wire.view.setUint32(at + 4, value.hz, true);
  value.secret.forEach((one, i) => {
    wire.view.setUint32(at + 8 + i * 4, one, true);
  });
  wire.view.setUint32(at + 24, value.answerMark, true);
  wire.view.setUint32(at + 28, value.layout, true);
  wire.view.setBigUint64(at + 32, value.stamp, true);
}

export function encodePolicyPlaceKey(wire: Wire, at: number, value: PolicyPlaceKey): void {
  wire.view.setUint32(at, value.space, true);
  wire.view.setUint32(at + 4, value.ifindex, true);
}


export function encodePolicyPlaceSlot(wire: Wire, at: number, value: PolicyPlaceSlot): void {
  wire.view.setUint32(at, value.endpoint, true);
  value.set.forEach((one, i) => {
    wire.view.setUint32(at + 4 + i * 4, one, true);
  });
  wire.view.setUint32(at + 12, value.flags, true);
}

export function encodePolicyPlace(wire: Wire, at: number, value: Omit<PolicyPlace, 'lock'>): void {
  value.slot.forEach((one, i) => {
    encodePolicyPlaceSlot(wire, at + 4 + i * 16, one);
  });
}

export function encodePolicyNearPlace(wire: Wire, at: number, value: PolicyNearPlace): void {
  wire.view.setUint32(at, value.space, true);
  wire.view.setUint32(at + 4, value.ifindex, true);
  value.slot.forEach((one, i) => {
    encodePolicyPlaceSlot(wire, at + 8 + i * 16, one);
  });
}

export function encodePolicyV4Nodes(wire: Wire, at: number, value: PolicyV4Nodes): void {
  value.node.forEach((one, i) => {
    wire.view.setUint32(at + i * 4, one, true);
  });
}

export function encodePolicyV4Root(wire: Wire, at: number, value: PolicyV4Root): void {
  value.slot.forEach((one, i) => {
    encodePolicyV4Nodes(wire, at + i * 64, one);
  });
}

export function encodePolicyV4(wire: Wire, at: number, value: PolicyV4): void {
  value.word.forEach((one, i) => {
    wire.view.setUint16(at + i * 2, one, true);
  });
}

export function encodePolicyV6Key(wire: Wire, at: number, value: PolicyV6Key): void {
  wire.view.setUint32(at, value.length, true);
  wire.bytes.set(value.address, at + 4);
}

export function encodePolicyV6(wire: Wire, at: number, value: PolicyV6): void {
  value.identity.forEach((one, i) => {
    wire.view.setUint32(at + i * 4, one, true);
  });
}

export function encodePolicyPeerKey(wire: Wire, at: number, value: PolicyPeerKey): void {
  wire.view.setUint32(at, value.set, true);
  wire.view.setUint32(at + 4, value.identity, true);
}

export function encodePolicyPeer(wire: Wire, at: number, value: Omit<PolicyPeer, 'lock'>): void {
  value.slot.forEach((one, i) => {
    encodePolicySegment(wire, at + 8 + i * 8, one);
  });
}

export function encodePolicyNearPeer(wire: Wire, at: number, value: PolicyNearPeer): void {
  encodePolicyPeerKey(wire, at, value.key);
  value.slot.forEach((one, i) => {
    encodePolicySegment(wire, at + 8 + i * 8, one);
  });
}

export function encodePolicyPort(wire: Wire, at: number, value: PolicyPort): void {
  wire.view.setUint32(at, value.key, true);
  wire.view.setUint32(at + 4, value.verdict, true);
}

export function encodePolicyVerdict(wire: Wire, at: number, value: PolicyVerdict): void {
  wire.view.setUint32(at, value.rule, true);
  wire.view.setUint32(at + 4, value.auditRule, true);
  wire.view.setUint32(at + 8, value.next, true);
  wire.view.setUint8(at + 12, value.tcpMask);
  wire.view.setUint8(at + 13, value.tcpValue);
}

export function encodePolicyCounter(wire: Wire, at: number, value: PolicyCounter): void {
  wire.view.setBigUint64(at, value.packets, true);
  wire.view.setBigUint64(at + 8, value.bytes, true);
  wire.view.setBigUint64(at + 16, value.last, true);
}

export function encodePolicyBucketKey(wire: Wire, at: number, value: PolicyBucketKey): void {
  wire.bytes.set(value.source, at);
  wire.view.setUint32(at + 16, value.counter, true);
  wire.view.setUint32(at + 20, value.kind, true);
}

export function encodePolicyBucket(wire: Wire, at: number, value: PolicyBucket): void {
  wire.view.setBigUint64(at, value.paid, true);
}

export function encodePolicyReasonCount(wire: Wire, at: number, value: PolicyReasonCount): void {
  wire.view.setBigUint64(at, value.packets, true);
  wire.view.setBigUint64(at + 8, value.bytes, true);
}

export function encodePolicyFlip(wire: Wire, at: number, value: PolicyFlip): void {
  wire.view.setUint32(at, value.epoch, true);
  wire.view.setUint32(at + 4, value.read, true);
  wire.view.setUint32(at + 8, value.before, true);
  wire.view.setBigUint64(at + 16, value.now, true);
}

/** enum policy_direction */
export const POLICY_DIRECTION = {
  INGRESS: 0,
  EGRESS: 1,
} as const;

/** enum policy_action */
export const POLICY_ACTION = {
  ALLOW: 0,
  DENY: 1,
  REJECT: 2,
} as const;

/** enum policy_class */
export const POLICY_CLASS = {
  TCP: 0,
  UDP: 1,
  SCTP: 2,
  ICMP: 3,
  ICMPV6: 4,
  OTHER: 5,
} as const;

/** enum policy_reason */
export const POLICY_REASON = {
  NO_POLICY: 0,
  BY_RULE: 1,
  FLOW: 2,
  REPLY: 3,
  RELATED: 4,
  ITSELF: 5,
  FOLLOWS_FRAGMENT: 6,
  NOT_IP: 7,
  NEIGHBOUR: 8,
  DHCP: 9,
  OWN_ANSWER: 10,
  KEPT: 11,
  UNREAD: 12,
  DENIED: 13,
  REJECTED: 14,
  REJECT_BOUND: 15,
  LIMITED: 16,
  CUT: 17,
  FRAGMENT_ORPHAN: 18,
  FRAGMENT_SHORT: 19,
  FRAGMENT_OVERLAP: 20,
  MALFORMED: 21,
  TOO_DEEP: 22,
  BROKEN: 23,
  AUDIT: 24,
  REASONS: 25,
} as const;

/** enum policy_flow_state */
export const POLICY_FLOW_STATE = {
  NEW: 0,
  ANSWERED: 1,
  ESTABLISHED: 2,
  CLOSING: 3,
  CLOSED: 4,
  CUT: 5,
} as const;
