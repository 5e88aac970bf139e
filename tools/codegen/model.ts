// SPDX-License-Identifier: Apache-2.0
// What the generator knows about one netlink family, whatever the source said it in.

/** Integer types on the wire. `uint` and `sint` take 4 or 8 bytes, as the sender needs. */
export type IntType = 'u8' | 'u16' | 'u32' | 'u64' | 's8' | 's16' | 's32' | 's64' | 'uint' | 'sint';

/** What an attribute's payload holds. */
export type Value =
  | { readonly t: 'int'; readonly int: IntType; readonly be: boolean }
  | { readonly t: 'string' | 'bytes' | 'flag' | 'bitfield32' | 'ignore' }
  /** Packed array of integers. */
  | { readonly t: 'ints'; readonly int: IntType; readonly be: boolean }
  | { readonly t: 'struct'; readonly struct: string }
  /** Packed array of one struct. */
  | { readonly t: 'structs'; readonly struct: string }
  | { readonly t: 'nest'; readonly set: string }
  /** A struct, then attributes: VETH_INFO_PEER. */
  | { readonly t: 'headed'; readonly header: string; readonly set: string }
  /** Records that start with their own u16 length, each a struct and attributes: RTA_MULTIPATH. */
  | { readonly t: 'records'; readonly header: string; readonly set: string }
  | { readonly t: 'sub'; readonly sub: string; readonly selector: string }
  /** A nest whose attribute types are indices. `base` is the first index that the kernel writes. */
  | { readonly t: 'array'; readonly of: Value; readonly base: number }
  /** Nests whose attribute types are values: one key per level. */
  | { readonly t: 'keyed'; readonly keys: readonly string[]; readonly of: Value };

/** One attribute of a set. */
export interface Attr {
  /** Property name. */
  readonly prop: string;
  /** Constant in C. */
  readonly cname: string;
  readonly type: number;
  readonly value: Value;
  /** May occur several times. */
  readonly multi: boolean;
}

/** One attribute set. */
export interface AttrSet {
  readonly name: string;
  readonly attrs: readonly Attr[];
}

/** One format of a sub-message. */
export interface Format {
  readonly kind: string;
  /** Number of the selector where that is an integer. */
  readonly number?: number;
  readonly header?: string;
  readonly set?: string;
  /** The payload is the header alone if it has that size, else attributes alone. */
  readonly either?: boolean;
}

/** A payload whose format another attribute names. */
export interface SubMessage {
  readonly name: string;
  readonly formats: readonly Format[];
}

/** How a struct lies in memory. */
export interface Layout {
  /** C name. */
  readonly name: string;
  readonly size: number;
  readonly fields: readonly Field[];
}

/** What a struct's member holds. */
export type FieldType =
  | { readonly t: 'int'; readonly int: IntType; readonly be: boolean }
  | { readonly t: 'bits'; readonly bit: number; readonly bits: number }
  | { readonly t: 'chars'; readonly length: number }
  | { readonly t: 'bytes'; readonly length: number }
  | { readonly t: 'struct'; readonly layout: Layout }
  /** `length` 0 is a flexible array. */
  | { readonly t: 'array'; readonly of: FieldType; readonly size: number; readonly length: number };

/** One member of a struct. Members of a union have the same offset. */
export interface Field {
  readonly prop: string;
  readonly offset: number;
  readonly type: FieldType;
  /** Not the first member of a union: encoded only when the first is absent. */
  readonly alternative: boolean;
  /** Padding: not shown, encoded as zero. */
  readonly pad: boolean;
}

/** A named number. */
export interface Constant {
  readonly name: string;
  readonly value: number;
}

/** A group of constants that gets an object of its own. */
export interface ConstantGroup {
  readonly name: string;
  readonly constants: readonly Constant[];
}

/** One netlink family, ready to be written. */
export interface Family {
  readonly name: string;
  readonly enums: readonly ConstantGroup[];
  readonly structs: readonly Layout[];
  readonly sets: readonly AttrSet[];
  readonly subs: readonly SubMessage[];
}
