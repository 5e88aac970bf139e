// SPDX-License-Identifier: Apache-2.0
// Devices that Program documents select by what they are.
import type { Document, DocumentSpec } from './document.ts';
import { type DeviceIdentity, pattern } from './match.ts';

/** An attachment of a Program document as far as it says which devices. */
interface Selecting {
  readonly devices?: readonly string[];
  readonly select?: { readonly name?: string; readonly kind?: string };
}

/** Namespaces whose documents select devices, '' for the agent's own. */
export function selectedNamespaces(documents: readonly Document[]): ReadonlySet<string> {
  const found = documents.filter(({ value }) => attachmentsOf(value.spec).some(({ select }) => select));
  return new Set(found.map(({ value }) => value.spec.netns ?? ''));
}

/** The documents with the devices that fit each selector now, besides those that it names. */
export function resolveSelections(
  documents: readonly Document[],
  devices: ReadonlyMap<string, readonly DeviceIdentity[]>,
): readonly Document[] {
  return documents.map((document) => {
    const { value } = document;
    if (!attachmentsOf(value.spec).some(({ select }) => select)) return document;
    const there = devices.get(value.spec.netns ?? '') ?? [];
    const attach = attachmentsOf(value.spec).map((one) => resolved(one, there));
    return { ...document, value: { ...value, spec: { ...value.spec, attach } } };
  });
}

function resolved(one: Selecting, there: readonly DeviceIdentity[]): Selecting {
  const { select, devices = [] } = one;
  if (select === undefined) return one;
  const found = there.filter(
    ({ name, kind }) =>
      (select.name === undefined || pattern(select.name).test(name)) &&
      (select.kind === undefined || select.kind === kind),
  );
  return { ...one, devices: [...new Set([...devices, ...found.map(({ name }) => name)])] };
}

function attachmentsOf({ attach }: DocumentSpec): readonly Selecting[] {
  return Array.isArray(attach) ? (attach as readonly Selecting[]) : [];
}
