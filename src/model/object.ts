// SPDX-License-Identifier: Apache-2.0
// What Weir can declare and change, as plain data: desired and observed state are both made of these.

/** Classes of kernel objects that a document declares. A class is one file or folder of `kinds/`. */
export const CLASS_NAMES = [
  'namespace',
  'cidr-set',
  'endpoint',
  'policy',
  'device',
  'link',
  'wireguard',
  'bridge-vlan',
  'sysctl',
  'address',
  'neighbour',
  'fdb',
  'nexthop',
  'route',
  'rule',
  'qdisc',
  'class',
  'filter',
  'program',
  'attachment',
] as const;

export type ClassName = (typeof CLASS_NAMES)[number];

/**
 * Canonical settings of one object: plain JSON values under the names that documents use, rendered as the kernel will
 * report them. Equal settings are deeply equal; a field that has no value is absent.
 */
export type Spec = Readonly<Record<string, unknown>>;

/** Names one object: `link br0`, `route main 10.0.0.0/8`; in another namespace `netns blue link br0`. */
export type ObjectId = string;

/** One object of one namespace. */
export interface NetObject {
  readonly id: ObjectId;
  /** '' is the agent's own namespace. */
  readonly netns: string;
  readonly class: ClassName;
  /** Identity among the objects of the class: two objects with one key cannot exist together. */
  readonly key: string;
  readonly spec: Spec;
}

/** Points to an object of the same namespace. */
export interface Ref {
  readonly class: ClassName;
  readonly key: string;
}

/** The id of an object. */
export function objectId(netns: string, className: ClassName, key: string): ObjectId {
  return netns === '' ? `${className} ${key}` : `netns ${netns} ${className} ${key}`;
}

/** What Weir knows of an object that it made, or changes on behalf of a document. */
export interface OwnedObject {
  readonly id: ObjectId;
  readonly netns: string;
  readonly class: ClassName;
  readonly key: string;
  /** Weir created it and may delete it; otherwise it only gives back the settings that it changed. */
  readonly created: boolean;
  /** The settings that the document declared last. */
  readonly declared: Spec;
  /** What those settings were before Weir first changed them; they return when no document declares them any more. */
  readonly original: Spec;
}

/** Objects to read, of one namespace. */
export interface ReadRequest {
  readonly netns: string;
  /** Keys by class. An object of a key that does not exist is absent from the answer. */
  readonly keys: ReadonlyMap<ClassName, ReadonlySet<string>>;
  /** Also everything that stands on these devices (by name), whoever made it. */
  readonly onLinks?: ReadonlySet<string>;
  /** Also routes whose preferred source is an address of one of these devices. */
  readonly fromLinks?: ReadonlySet<string>;
  /** Also groups and routes that use one of these nexthops. */
  readonly byNexthops?: ReadonlySet<string>;
  /** Everything that a document can declare, for an export. */
  readonly all?: boolean;
}

/** Reads canonical objects from the kernel. Foreign objects that nobody asks for cost neither memory nor messages. */
export interface StateReader {
  /** @throws {WeirError} `NOT_FOUND` for an unknown namespace, {KernelError} from the kernel. */
  read(request: ReadRequest): Promise<ReadonlyMap<ObjectId, NetObject>>;
}
