// SPDX-License-Identifier: Apache-2.0
// Instructions of classic BPF (include/uapi/linux/filter.h), put before a compiled filter. Jumps are relative, so that
// what comes behind need not be touched.

/** Which packets of a device: those that it receives, those that it sends. */
export type PacketDirection = 'in' | 'out' | 'both';

export interface FilterPrologue {
  readonly direction: PacketDirection;
  /** One packet of so many, by chance. */
  readonly sampling: number;
}

const LD_W_ABS = 0x20;
const JEQ_K = 0x15;
const JGE_K = 0x35;
const RET_K = 0x06;
/** Loads from here on are not of the packet (SKF_AD_OFF). */
const AD_OFF = 0xffff_f000;
const AD_PKTTYPE = 4;
const AD_RANDOM = 56;
const PACKET_OUTGOING = 4;
const INSTRUCTION = 8;

type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, k: number];

const REFUSE: Instruction = [RET_K, 0, 0, 0];

/** A filter that takes everything, and of each packet so many bytes. */
export function acceptAll(snapLength: number): Uint8Array {
  return assembled([[RET_K, 0, 0, snapLength]]);
}

/** `program` (struct sock_filter one behind the other) for packets of one direction, or for some of many. */
export function withPrologue(program: Uint8Array, { direction, sampling }: FilterPrologue): Uint8Array {
  const first = assembled([...directed(direction), ...sampled(sampling)]);
  const whole = new Uint8Array(first.length + program.length);
  whole.set(first);
  whole.set(program, first.length);
  return whole;
}

function directed(direction: PacketDirection): readonly Instruction[] {
  if (direction === 'both') return [];
  const refused = direction === 'in' ? [0, 1] : [1, 0];
  const [whenTrue = 0, whenFalse = 0] = refused;
  return [[LD_W_ABS, 0, 0, AD_OFF + AD_PKTTYPE], [JEQ_K, whenTrue, whenFalse, PACKET_OUTGOING], REFUSE];
}

function sampled(sampling: number): readonly Instruction[] {
  if (sampling <= 1) return [];
  return [[LD_W_ABS, 0, 0, AD_OFF + AD_RANDOM], [JGE_K, 0, 1, Math.floor(2 ** 32 / sampling)], REFUSE];
}

function assembled(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION);
  const view = new DataView(bytes.buffer);
  instructions.forEach(([code, whenTrue, whenFalse, k], i) => {
    view.setUint16(i * INSTRUCTION, code, true);
    view.setUint8(i * INSTRUCTION + 2, whenTrue);
    view.setUint8(i * INSTRUCTION + 3, whenFalse);
    view.setUint32(i * INSTRUCTION + 4, k, true);
  });
  return bytes;
}
