// SPDX-License-Identifier: Apache-2.0
import type { TObject, TSchema } from 'typebox';
import type { ProgramOperation } from '../codec/bpf/program.ts';
import type { Encoder } from '../codec/encoder.ts';
import type { ClassName, Ref, Spec } from '../model/object.ts';
import type { PolicyOperation } from '../model/policy.ts';

/**
 * Where a class writes what a step asks of the kernel. Operations take effect in the order in which they are written;
 * the executor sends them in batches.
 */
export interface OperationSink {
  /** One rtnetlink message: `body` writes everything behind the nlmsghdr. NLM_F_REQUEST is the transport's. */
  rtnl(type: number, flags: number, body: (out: Encoder) => void): void;
  /** One generic netlink message of `family` (`ethtool`, `wireguard`): `body` writes the attributes. */
  genl(family: string, command: number, body: (out: Encoder) => void): void;
  /** Write `text` to a file of procfs or sysfs as the namespace sees it: `sys/net/ipv4/ip_forward`. */
  file(root: 'proc' | 'sys', path: string, text: string): void;
  /** Create or delete a persistent TUN or TAP device (TUNSETIFF, TUNSETPERSIST): netlink cannot. */
  tun(settings: TunSettings): void;
  /**
   * The index of a device of the namespace, also of one that an earlier step creates.
   * @throws a signal to the executor, which sends what waits and asks again: write nothing before the last call.
   */
  ifindex(name: string): number;
  /** A descriptor of the namespace of this name, for IFLA_NET_NS_FD. Open as long as the message takes. @throws like `ifindex`. */
  netns(name: string): number;
  /** The 32 bytes of a key, which stand in base64 in a file that only its owner may read. @throws like `ifindex`. */
  secret(path: string): Uint8Array;
  /** A descriptor of the program that is pinned at `path` in a bpffs. Open until the last step. @throws like `ifindex`. */
  bpf(path: string): number;
  /** Load, attach or take away an operator's programs: bpf(2) where the agent is. */
  program(operation: ProgramOperation): void;
  /** Set or remove an object of network policy; what one plan asks takes effect together. */
  policy(operation: PolicyOperation): void;
}

/** What the TUN driver is told. */
export interface TunSettings {
  readonly op: 'create' | 'remove';
  readonly name: string;
  readonly mode: 'tun' | 'tap';
  readonly multiQueue: boolean;
  readonly pi: boolean;
  readonly vnetHdr: boolean;
  readonly user?: number;
  readonly group?: number;
}

/** A change of one object: an absent side means that the object does not exist there. */
export interface Change {
  readonly op: 'create' | 'change' | 'remove';
  /** As it is; with `change` and `remove`. */
  readonly before?: Spec;
  /** As it shall be; with `create` and `change`. With `change` it has every field of `before` that stays. */
  readonly after?: Spec;
}

/** Complains about one item of a document. `path` is dotted and relative to the item: `bridge.forward_delay`. */
export type Complain = (path: string, problem: string) => void;

/** An object that an item declares. `path` is where in the item it stands, '' for the item itself. */
export interface Declared {
  readonly class: ClassName;
  readonly spec: Spec;
  readonly path: string;
}

/** What a kind needs of the kernel, for a message that names how to get it. */
export interface Requirement {
  /** What to probe: `link vlan`, `qdisc cake`. */
  readonly feature: string;
  /** The option that brings it: `CONFIG_VLAN_8021Q`. */
  readonly config: string;
}

/** How documents of a kind look that are not like the others. */
export interface DocumentForm {
  readonly metadata: TObject;
  /** As an API server of Kubernetes takes and gives it: null is nothing, there may be a status, which means nothing. */
  readonly kubernetes?: true;
  /** It may have no `spec`, which is then an empty one. */
  readonly bare?: true;
}

/** Kinds of documents that have items. */
export type SectionDocument =
  | 'Network'
  | 'Tuning'
  | 'Program'
  | 'Endpoint'
  | 'CidrSet'
  | 'Policy'
  | 'Namespace'
  | 'NetworkPolicy'
  | 'ClusterNetworkPolicy'
  | 'AdminNetworkPolicy'
  | 'BaselineAdminNetworkPolicy';

/** The part of a document that holds the items of a class. */
export interface Section {
  readonly document: SectionDocument;
  readonly name: string;
  /** One item. */
  readonly schema: TSchema;
  /** The part is a mapping and not a list: `declare` gets each entry as `{ name, value }`, `schema` is the value's. */
  readonly mapping?: true;
  /** The document is one item: `declare` gets its `spec` with the document's name as `name`. */
  readonly whole?: true;
  /**
   * Of a document that is one item: `spec` is the item's alone, without settings such as `adopt`, and `declare` gets
   * `{ metadata, spec }` and tells paths in the document.
   */
  readonly form?: DocumentForm;
}

/** Another kind of documents that declares objects of a class. */
export interface Import {
  readonly section: Section;
  declare(item: Readonly<Record<string, unknown>>, complain: Complain): readonly Declared[];
}

/**
 * All that Weir knows about declaring one class of objects: the shape in documents, identity, canonical form, order and
 * the messages that change it. Pure.
 */
export interface ObjectClass {
  readonly name: ClassName;
  /** List of a Network or Tuning document that holds its items; absent where another class's items declare it. */
  readonly section?: Section;
  /** Further kinds of documents whose items declare it. */
  readonly imports?: readonly Import[];
  /**
   * `declared`: only the fields that a document gives are Weir's, others stay as they are. `whole`: the object is
   * exactly what the document says, and a field that it does not give has no value.
   */
  readonly compare: 'declared' | 'whole';
  /** Fields that say which object it is, of a class whose settings are given back: these never are. */
  readonly identity?: readonly string[];
  /** A setting always has a value: one that had none before Weir, as the object was not there, stays as it is. */
  readonly lasting?: true;
  /**
   * An object neither needs others nor is needed by any, and no step on another object changes it: documents of such
   * objects are planned by themselves, without looking at the rest of the node.
   */
  readonly independent?: true;
  /** What others change of it is brought back, whatever its document says. */
  readonly drift?: 'restore';
  /** Fields whose values are never shown or sent to anybody. */
  readonly secrets?: readonly string[];
  /** Canonical objects of one item that fits `section.schema`. Mistakes go to `complain`, and the item is then refused. */
  declare?(item: Readonly<Record<string, unknown>>, complain: Complain): readonly Declared[];
  /**
   * The item of a document that declares this object, the inverse of `declare`. What a new object has anyway may be left
   * out. Absent with `section`.
   */
  item?(spec: Spec): Readonly<Record<string, unknown>>;
  /** Identity of an object within its namespace. */
  key(spec: Spec): string;
  /** Objects that must be there first. Each exists or is declared, or the document is refused. */
  needs(spec: Spec): readonly Ref[];
  /** What the kernel must have for it; none means always there. */
  requires?(spec: Spec): Requirement | readonly Requirement[] | undefined;
  /**
   * True when what the kernel reports for `field` is what was declared although the values differ, such as a lifetime
   * that counts down. Plain equality is tried first. Of a class that is compared `whole`, `declared` is undefined for
   * what the kernel reports and nobody declared, such as the device that it found for a gateway.
   */
  agrees?(field: string, declared: unknown, observed: unknown): boolean;
  /**
   * Dotted names of settings that the kernel may keep to itself, such as the file that a key came from. Where it reports
   * none, what documents declared last stands for it; and going back to an image, they differ only with others.
   */
  readonly unseen?: readonly string[];
  /**
   * The settings in the light of other declared objects of the class and the namespace, which `other` finds by key: two
   * ends of a cable name each other.
   */
  paired?(spec: Spec, other: (key: string) => Spec | undefined): Spec;
  /** Of the fields that differ, those that the kernel cannot change in place: the object is replaced. */
  fixed?(before: Spec, after: Spec, differing: readonly string[]): readonly string[];
  /** Why an innate object cannot have the settings that are `fixed`, in words that follow its name and a colon. */
  refusal?(before: Spec, after: Spec, fixed: readonly string[]): string;
  /** An object that exists without anybody having created it, such as a physical device: never created or removed. */
  innate?(spec: Spec): boolean;
  /** Write what makes the change. Removing what is gone already is no error for the executor. */
  write(change: Change, to: OperationSink): void;
  /** One line for people: `route 10.0.0.0/8 via 192.0.2.1 dev eth0`. Without secrets. */
  describe(spec: Spec): string;
}
