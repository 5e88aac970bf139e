// SPDX-License-Identifier: Apache-2.0

/** Kinds of documents that declare objects. */
export const DOCUMENT_KINDS = ['Network', 'Tuning', 'Program'] as const;

export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** The version of documents that Weir reads and writes. */
export const API_VERSION = 'weir.dev/v1';

/** A document as plain JSON values that fit the schema. */
export interface DocumentValue {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: DocumentKind;
  readonly metadata: { readonly name: string; readonly description?: string };
  readonly spec: DocumentSpec;
}

/** What a document declares: settings of the whole, and lists (or mappings) of items by the names of the sections. */
export interface DocumentSpec {
  readonly netns?: string;
  readonly adopt?: boolean;
  readonly drift?: 'report' | 'restore';
  readonly [section: string]: unknown;
}

/** Where something stands in a text, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A valid document and where it came from. */
export interface Document {
  /** `Network/uplink`: the name by which revisions merge it. */
  readonly name: string;
  readonly value: DocumentValue;
  readonly file?: string;
  /** Where `path` stands in the file. */
  readonly locate?: (path: string) => Position | undefined;
}
