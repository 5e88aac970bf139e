// SPDX-License-Identifier: Apache-2.0
// What a plan is: plain data that can be shown, kept, executed and undone.
import type { Change } from '../kinds/object-class.ts';
import type { ClassName, NetObject, ObjectId, OwnedObject, Spec } from '../model/object.ts';

/** Where in the documents something stands. */
export interface Origin {
  /** `Network/uplink`. */
  readonly document: string;
  /** Dotted path in the document: `spec.routes.3.dst`. */
  readonly path: string;
  /** Name of the file, when the text came with one. */
  readonly file?: string;
  /** From 1, when known. */
  readonly line?: number;
  /** Why, where a profile brought it. */
  readonly reason?: string;
}

/** An object as documents want it. */
export interface DesiredObject extends NetObject {
  readonly origin: Origin;
  /** Take it over when it exists and is not Weir's. */
  readonly adopt: boolean;
  /** What to do when somebody else changes it. */
  readonly drift: 'report' | 'restore';
}

/** One step of a plan. Its undo is the same change with the sides swapped. */
export interface Action extends Change {
  readonly id: ObjectId;
  readonly netns: string;
  readonly class: ClassName;
  readonly key: string;
  /** Names of the settings that a `change` changes. */
  readonly fields?: readonly string[];
  /** One half of a replacement (the other half has the same id): why it cannot be changed in place. */
  readonly replaces?: string;
  /** It is not declared: the kernel drops it as a consequence of another step, and this puts it back. */
  readonly restores?: true;
  readonly origin?: Origin;
}

/** Something that a person should know before applying. An error forbids applying. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning' | 'note';
  /** Stable: `CONFLICT`, `OWN_PATH`, `OVERLAP`, `REDIRECT_LOOP`, `MTU`, `DEFAULT_ROUTE`, `UNSUPPORTED`, ... */
  readonly code: string;
  readonly message: string;
  readonly id?: ObjectId;
  readonly origin?: Origin;
}

/** What would be done, in order. */
export interface Plan {
  readonly actions: readonly Action[];
  readonly diagnostics: readonly Diagnostic[];
  /** Foreign objects that become Weir's; nothing changes in the kernel for that. */
  readonly adopted: readonly ObjectId[];
  /** What Weir owns once the plan is carried out. */
  readonly owns: readonly OwnedObject[];
}

/** How a caller reaches the node, so that the plan can say what would cut it. */
export interface CallerPath {
  /** Address of the other end: of the SSH session or of the API's TCP connection. */
  readonly peer: string;
  /** The node's address that it talks to. */
  readonly local?: string;
  /** Device and gateway that packets to it take now. */
  readonly dev?: string;
  readonly gateway?: string;
  /** The route that they match: key of the class `route`. */
  readonly route?: string;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly desired: readonly DesiredObject[];
  readonly owned: ReadonlyMap<ObjectId, OwnedObject>;
  readonly observed: ReadonlyMap<ObjectId, NetObject>;
  /** Features that the kernel lacks, of those that `Requirement.feature` names. */
  readonly unsupported: ReadonlySet<string>;
  readonly callers: readonly CallerPath[];
  /**
   * What was taken over and is declared no more is let go, as it was, instead of removed: for going back to a time
   * before Weir had it.
   */
  readonly releases?: boolean;
}

/** Canonical settings by object: `undefined` where the object does not exist. What a rollback restores. */
export type Image = ReadonlyMap<ObjectId, { readonly object: Omit<NetObject, 'spec'>; readonly spec?: Spec }>;
