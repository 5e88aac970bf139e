// SPDX-License-Identifier: Apache-2.0
// Finds which selectors may select an endpoint, and which endpoints a selector may select, without trying all of them.
import type { EndpointSelector, EndpointSpec, LabelSelector, Labels } from '../../model/policy.ts';

interface Selecting {
  readonly selector: EndpointSelector;
}

/** Places where a selector, or an endpoint, is found: `l key=value` of endpoints, `n name`, `N key=value` of namespaces. */
function placesOf(selector: EndpointSelector): readonly string[] {
  const one =
    valued(selector.labels, 'l') ??
    (selector.namespace === undefined ? undefined : [`n ${selector.namespace}`]);
  return one ?? valued(selector.namespaces, 'N') ?? [''];
}

function valued(selector: LabelSelector | undefined, kind: string): readonly string[] | undefined {
  const one = selector?.find(({ operator }) => operator === 'In');
  return one?.values?.map((value) => `${kind} ${one.key}=${value}`);
}

function placesFor(endpoint: EndpointSpec, labels: Labels): readonly string[] {
  const own = Object.entries(endpoint.labels).map(([key, value]) => `l ${key}=${value}`);
  const others = Object.entries(labels).map(([key, value]) => `N ${key}=${value}`);
  return ['', `n ${endpoint.namespace}`, ...own, ...others];
}

/** Things in several places each. */
class Shelf<T> {
  readonly #places = new Map<string, Set<T>>();

  put(place: string, one: T): void {
    const known = this.#places.get(place);
    if (known === undefined) this.#places.set(place, new Set([one]));
    else known.add(one);
  }

  take(place: string, one: T): void {
    const known = this.#places.get(place);
    known?.delete(one);
    if (known?.size === 0) this.#places.delete(place);
  }

  at(place: string): Iterable<T> {
    return this.#places.get(place) ?? [];
  }
}

/** Selectors, to be found by an endpoint. */
export class Selectors<T extends Selecting> {
  readonly #shelf = new Shelf<T>();

  add(one: T): void {
    for (const place of placesOf(one.selector)) this.#shelf.put(place, one);
  }

  delete(one: T): void {
    for (const place of placesOf(one.selector)) this.#shelf.take(place, one);
  }

  /** Those that may select the endpoint. @param labels Of its namespace. */
  *candidates(endpoint: EndpointSpec, labels: Labels): Iterable<T> {
    for (const place of placesFor(endpoint, labels)) yield* this.#shelf.at(place);
  }
}

interface Selected {
  readonly spec: EndpointSpec;
  readonly labels: Labels;
}

/** Endpoints, to be found by a selector. */
export class Selectable<T extends Selected> {
  readonly #shelf = new Shelf<T>();

  add(one: T): void {
    for (const place of placesFor(one.spec, one.labels)) this.#shelf.put(place, one);
  }

  delete(one: T): void {
    for (const place of placesFor(one.spec, one.labels)) this.#shelf.take(place, one);
  }

  /** Those that the selector may select. */
  *candidates(selector: EndpointSelector): Iterable<T> {
    for (const place of placesOf(selector)) yield* this.#shelf.at(place);
  }
}
