// SPDX-License-Identifier: Apache-2.0
// Documents of network policy by the names that the API calls them by.
import type { PolicyResource } from '../../api/policy-service.ts';
import { WeirError } from '../../base/errors.ts';
import { DEFAULT_NAMESPACE } from '../../model/policy.ts';
import {
  apiVersionOf,
  DOCUMENT_KINDS,
  type Document,
  type DocumentKind,
  documentName,
} from '../../plan/document.ts';

/** Kinds of documents that a resource holds, that of a bare `spec` first. */
const KINDS: Readonly<Record<PolicyResource, readonly DocumentKind[]>> = {
  policies: [
    'Policy',
    'NetworkPolicy',
    'ClusterNetworkPolicy',
    'AdminNetworkPolicy',
    'BaselineAdminNetworkPolicy',
  ],
  endpoints: ['Endpoint'],
  cidrsets: ['CidrSet'],
};

const WHAT: Readonly<Record<PolicyResource, string>> = {
  policies: 'policy',
  endpoints: 'endpoint',
  cidrsets: 'set of prefixes',
};

type Value = Readonly<Record<string, unknown>>;

/** A name in its parts: `NetworkPolicy/shop/web`, `shop/web`, `web`. */
interface Parts {
  readonly kind: DocumentKind | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
}

function partsOf(resource: PolicyResource, text: string): Parts {
  const parts = text.split('/');
  const kind = KINDS[resource].find((one) => one === parts[0]);
  const rest = kind === undefined ? parts : parts.slice(1);
  const [first = '', second] = rest;
  if (rest.length > 2 || rest.some((part) => part === ''))
    throw new WeirError('REQUEST_INVALID', {
      where: 'path: name',
      problem: `"${text}" is no name: write name, namespace/name or kind/namespace/name`,
    });
  return second === undefined
    ? { kind, namespace: undefined, name: first }
    : { kind, namespace: first, name: second };
}

/**
 * The document that a name means.
 * @param named Gives the document of a full name. @throws {WeirError} `NOT_FOUND`, `VALUE` for a name that means several.
 */
export function documentNamed(
  named: (name: string) => Document | undefined,
  resource: PolicyResource,
  text: string,
): Document {
  const { kind, namespace, name } = partsOf(resource, text);
  const kinds = kind === undefined ? KINDS[resource] : [kind];
  const spaces =
    (namespace ?? DEFAULT_NAMESPACE) === DEFAULT_NAMESPACE ? [undefined, DEFAULT_NAMESPACE] : [namespace];
  const names = new Set(kinds.flatMap((one) => spaces.map((space) => documentName(one, name, space))));
  const found = [...names].flatMap((one) => named(one) ?? []);
  const [document] = found;
  if (document === undefined)
    throw new WeirError('NOT_FOUND', { what: WHAT[resource], name: text, hint: '' });
  if (found.length === 1) return document;
  const several = found.map((one) => one.name).join(' and ');
  throw new WeirError('VALUE', { what: text, problem: `means ${several}: say which` });
}

/**
 * The document that a body under a name declares: the body is the document, or its `spec`. What it does not say of itself
 * comes from the name; what it says otherwise is a mistake.
 */
export function documentOf(resource: PolicyResource, text: string, body: unknown): unknown {
  if (!isMapping(body)) return refuse('must be a document, or its `spec`');
  const { kind, namespace, name } = partsOf(resource, text);
  if (!('spec' in body) && !('metadata' in body)) {
    const ofKind = kind ?? (KINDS[resource][0] as DocumentKind);
    const metadata = { name, ...(namespace !== undefined && { namespace }) };
    return { apiVersion: apiVersionOf(ofKind), kind: ofKind, metadata, spec: body };
  }
  const ofKind = body['kind'] ?? kind ?? KINDS[resource][0];
  if (!KINDS[resource].includes(ofKind as DocumentKind) || (kind !== undefined && ofKind !== kind))
    return refuse(`"kind" is ${String(ofKind)}: here it is ${kind ?? KINDS[resource].join(', ')}`);
  const metadata = isMapping(body['metadata']) ? body['metadata'] : {};
  for (const [field, given] of Object.entries({ name, namespace }))
    if (given !== undefined && metadata[field] !== undefined && metadata[field] !== given)
      return refuse(`metadata.${field} is "${String(metadata[field])}", and the path says "${given}"`);
  const version = DOCUMENT_KINDS.includes(ofKind as DocumentKind) ? apiVersionOf(ofKind as DocumentKind) : '';
  return {
    apiVersion: version,
    ...body,
    kind: ofKind,
    metadata: { ...metadata, name, ...(namespace !== undefined && { namespace }) },
  };
}

function isMapping(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(problem: string): never {
  throw new WeirError('REQUEST_INVALID', { where: 'body', problem });
}
