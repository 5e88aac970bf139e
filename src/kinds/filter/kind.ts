// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import type { Spec } from '../../model/object.ts';
import type { Complain } from '../object-class.ts';
import type { Attributes } from './action/kind.ts';

/** How one kind of filter is declared, written and read. Class id and actions are the caller's. */
export interface FilterKind {
  readonly kind: string;
  /** Kernel option that brings it. */
  readonly config: string;
  /** Its settings, which stand under the kind's name. */
  readonly schema: TSchema;
  /** The kernel does not go without settings. */
  readonly required?: true;
  /** As the kernel will report them; `protocol` is canonical. @throws {WeirError} `VALUE`. */
  readonly canonical?: (settings: Spec, protocol: unknown, complain: Complain) => Spec;
  /** Attributes that carry canonical settings; `bpf` opens a pinned program. */
  readonly attributes: (settings: Spec, protocol: unknown, bpf: (path: string) => number) => Attributes;
  /** tcm_handle, where it has a meaning. */
  readonly handle?: (settings: Spec) => number;
  /** Names of the attributes that `observed` understands. */
  readonly reads: readonly string[];
  /** Settings that the kernel reports. */
  readonly observed: (attributes: Attributes, protocol: unknown, handle: number) => Spec;
}

/** TCA_CLS_FLAGS_* that a document may set (include/uapi/linux/pkt_cls.h); others report what the device did. */
const OFFLOAD = { skip_hw: 1, skip_sw: 2 } as const;

/** Settings of kinds that devices may carry out themselves. */
export const OffloadFields = {
  skip_hw: Type.Optional(Type.Literal(true, { description: 'Not in the hardware' })),
  skip_sw: Type.Optional(Type.Literal(true, { description: 'In the hardware only' })),
};

/** The attribute for them. */
export function offloadFlags(settings: Spec): Attributes {
  const flags = Object.entries(OFFLOAD).reduce((sum, [name, bit]) => sum + (settings[name] ? bit : 0), 0);
  return flags === 0 ? {} : { flags };
}

/** The settings that the attribute carries. */
export function offloadFields(flags = 0): Spec {
  const set = Object.entries(OFFLOAD).filter(([, bit]) => (flags & bit) !== 0);
  return Object.fromEntries(set.map(([name]) => [name, true]));
}
