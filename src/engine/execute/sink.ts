// SPDX-License-Identifier: Apache-2.0
import type { ProgramOperation } from '../../codec/bpf/program.ts';
import { Encoder } from '../../codec/encoder.ts';
import type { MessageBatch } from '../../kernel/ports.ts';
import type { OperationSink, TunSettings } from '../../kinds/object-class.ts';
import type { PolicyOperation } from '../../model/policy.ts';
import type { Answers } from './answers.ts';

/** What is not rtnetlink: done one at a time, after everything that was written before it. */
export type Effect =
  | { readonly kind: 'genl'; readonly family: string; readonly command: number; readonly payload: Uint8Array }
  | { readonly kind: 'file'; readonly root: 'proc' | 'sys'; readonly path: string; readonly text: string }
  | { readonly kind: 'tun'; readonly settings: TunSettings }
  | { readonly kind: 'program'; readonly operation: ProgramOperation }
  | { readonly kind: 'policy'; readonly operation: PolicyOperation };

/** rtnetlink messages in order, and then perhaps something else. */
export interface Portion {
  readonly encoder: Encoder;
  readonly batch: MessageBatch;
  /** The step of each message. */
  readonly steps: readonly number[];
  readonly then?: { readonly step: number; readonly effect: Effect };
}

/** Collects what steps write, in portions. Encoders are lent by `take` and go back when their portion is sent. */
export class PortionSink implements OperationSink {
  readonly #answers: Answers;
  readonly #take: () => Encoder;
  readonly #ready: Portion[] = [];
  #encoder: Encoder;
  #steps: number[] = [];
  #step = 0;

  constructor(answers: Answers, take: () => Encoder) {
    this.#answers = answers;
    this.#take = take;
    this.#encoder = take();
  }

  /** What follows belongs to this step. */
  begin(step: number): void {
    this.#step = step;
  }

  /** Messages that wait in the portion under way. */
  get waiting(): number {
    return this.#steps.length;
  }

  /** Complete portions. */
  ready(): readonly Portion[] {
    return this.#ready.splice(0);
  }

  /** Complete the portion under way, if it holds anything. A message that was begun and not ended is left out. */
  cut(then?: Portion['then']): void {
    if (this.#steps.length === 0 && then === undefined) return;
    const { bytes, offsets, length } = this.#encoder.batch();
    const count = this.#steps.length;
    const end = count < this.#encoder.count ? (offsets[count] as number) : length;
    const batch = { bytes, offsets, length: end, count };
    const steps = this.#steps;
    this.#ready.push({ encoder: this.#encoder, batch, steps, ...(then && { then }) });
    this.#steps = [];
    this.#encoder = this.#take();
  }

  rtnl(type: number, flags: number, body: (out: Encoder) => void): void {
    const mark = this.#encoder.messageBegin(type, flags);
    body(this.#encoder);
    this.#encoder.messageEnd(mark);
    this.#steps.push(this.#step);
  }

  genl(family: string, command: number, body: (out: Encoder) => void): void {
    const out = new Encoder(256);
    body(out);
    this.#effect({ kind: 'genl', family, command, payload: out.payload() });
  }

  file(root: 'proc' | 'sys', path: string, text: string): void {
    this.#effect({ kind: 'file', root, path, text });
  }

  tun(settings: TunSettings): void {
    this.#effect({ kind: 'tun', settings });
  }

  program(operation: ProgramOperation): void {
    this.#effect({ kind: 'program', operation });
  }

  policy(operation: PolicyOperation): void {
    this.#effect({ kind: 'policy', operation });
  }

  ifindex(name: string): number {
    return this.#answers.ifindex(name);
  }

  netns(name: string): number {
    return this.#answers.netns(name);
  }

  secret(path: string): Uint8Array {
    return this.#answers.secret(path);
  }

  bpf(path: string): number {
    return this.#answers.bpf(path);
  }

  #effect(effect: Effect): void {
    this.cut({ step: this.#step, effect });
  }
}
