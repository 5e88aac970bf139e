// SPDX-License-Identifier: Apache-2.0
import { DEFAULT_NAMESPACE } from '../model/policy.ts';

/** Kinds of documents that declare objects. */
export const DOCUMENT_KINDS = [
  'Network',
  'Tuning',
  'Profile',
  'Program',
  'Endpoint',
  'CidrSet',
  'Policy',
  'Namespace',
  'NetworkPolicy',
  'ClusterNetworkPolicy',
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
] as const;

export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** The version of documents that Weir reads and writes. */
export const API_VERSION = 'weir.dev/v1';

const FOREIGN_VERSIONS: Partial<Record<DocumentKind, string>> = {
  Namespace: 'v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  ClusterNetworkPolicy: 'policy.networking.k8s.io/v1alpha2',
  AdminNetworkPolicy: 'policy.networking.k8s.io/v1alpha1',
  BaselineAdminNetworkPolicy: 'policy.networking.k8s.io/v1alpha1',
};

/** The version of the documents of a kind: Weir's own, or that of Kubernetes. */
export function apiVersionOf(kind: DocumentKind): string {
  return FOREIGN_VERSIONS[kind] ?? API_VERSION;
}

/** True when the `spec` of such documents begins with settings (`netns`, `adopt`, `drift`). */
export function hasSettings(kind: DocumentKind): boolean {
  return kind === 'Network' || kind === 'Tuning' || kind === 'Program';
}

/** Kinds whose documents are always in a namespace, that of this name when they do not say one. */
const NAMESPACED: ReadonlySet<string> = new Set<DocumentKind>(['Endpoint', 'NetworkPolicy']);

/** The name by which revisions know a document: `Network/uplink`, `NetworkPolicy/x/web`. */
export function documentName(kind: string, name: string, namespace: string | undefined): string {
  const space = namespace ?? (NAMESPACED.has(kind) ? DEFAULT_NAMESPACE : undefined);
  return space === undefined ? `${kind}/${name}` : `${kind}/${space}/${name}`;
}

/** A document as plain JSON values that fit the schema. */
export interface DocumentValue {
  readonly apiVersion: string;
  readonly kind: DocumentKind;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly description?: string;
  };
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
  /** `Network/uplink`, `NetworkPolicy/x/web`: the name by which revisions merge it. */
  readonly name: string;
  readonly value: DocumentValue;
  readonly file?: string;
  /** Where `path` stands in the file. */
  readonly locate?: (path: string) => Position | undefined;
  /** Why an item is declared, by its path: of what a profile brought. */
  readonly reasons?: ReadonlyMap<string, string>;
}
