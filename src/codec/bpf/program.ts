// SPDX-License-Identifier: Apache-2.0
// An operator's program and its places, as documents declare them and the kernel's host carries them out.
import type { HookName } from './hooks.ts';

/** A key with its value, both in hex as they stand in memory. */
export interface MapEntry {
  readonly key: string;
  readonly value: string;
}

/** What is asked of a map before its program runs. */
export interface MapSettings {
  readonly max_entries?: number;
  readonly entries?: readonly MapEntry[];
  /** `false`: it starts anew with each version of the object. */
  readonly keep?: boolean;
}

/** Who has signed the object. */
export interface ObjectSignature {
  /** Path of an Ed25519 public key, PEM; absent: one of the agent's. */
  readonly key?: string;
  /** Signature over the object's bytes, base64. */
  readonly value: string;
}

/** A loaded object. */
export interface ProgramObject {
  readonly name: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Where it can be read from when the store does not have it. */
  readonly path?: string;
  readonly signature?: ObjectSignature;
  /** Values of `const volatile` variables; what does not fit into a double is text. */
  readonly variables?: Readonly<Record<string, number | string | boolean>>;
  readonly maps?: Readonly<Record<string, MapSettings>>;
  readonly limits?: { readonly memory?: number; readonly instructions?: number };
}

/** Where among the programs of a hook: beside the program of this name. */
export type HookOrder = 'first' | 'last' | { readonly before: string } | { readonly after: string };

/** One function of an object on one hook of one thing. */
export interface ProgramAttachment {
  /** Name of the program object. */
  readonly of: string;
  /** Name of the function. */
  readonly program: string;
  readonly hook: HookName;
  /** The device, the path of the cgroup, the name of the tracepoint or of the kernel's function: by the hook's place. */
  readonly dev?: string;
  readonly cgroup?: string;
  readonly tracepoint?: string;
  readonly function?: string;
  /** Of XDP; absent: native where the driver can, else generic. */
  readonly mode?: 'native' | 'generic';
  readonly order?: HookOrder | '(disturbed)';
}

/** What it hangs on. */
export function targetOf({ dev, cgroup, tracepoint, function: of }: ProgramAttachment): string {
  return dev ?? cgroup ?? tracepoint ?? of ?? '';
}

/** What is to be done to programs and their places. */
export type ProgramOperation =
  | { readonly op: 'install'; readonly object: ProgramObject }
  | { readonly op: 'remove'; readonly name: string }
  /** `ifindex` of a device. */
  | { readonly op: 'attach'; readonly attachment: ProgramAttachment; readonly ifindex: number }
  | { readonly op: 'detach'; readonly attachment: ProgramAttachment };
