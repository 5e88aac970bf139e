// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';

/** Every route by its pattern, with its methods: tells a wrong method from a wrong path. */
export class RouteTable {
  readonly #methods = new Map<string, Set<string>>();

  add(pattern: string, methods: string | readonly string[]): void {
    const known = this.#methods.get(pattern) ?? new Set();
    for (const method of [methods].flat()) known.add(method);
    this.#methods.set(pattern, known);
  }

  /** Methods of whatever stands at `path`, sorted; empty when nothing does. */
  allowed(path: string): readonly string[] {
    const found = [...this.#methods].filter(([pattern]) => matches(pattern, path));
    return [...new Set(found.flatMap(([, methods]) => [...methods]))].sort();
  }

  /** The error for a request that no route takes. */
  miss(method: string, path: string): WeirError {
    const allowed = this.allowed(path);
    if (allowed.length > 0)
      return new WeirError('METHOD_NOT_ALLOWED', { method, path, allowed: allowed.join(', ') });
    return new WeirError('ROUTE_NOT_FOUND', { path, hint: didYouMean(path, this.#methods.keys()) });
  }
}

/** Patterns here are plain paths, end in `/*`, or have parameters like `/:revision`. */
function matches(pattern: string, path: string): boolean {
  if (pattern.endsWith('/*')) return path.startsWith(pattern.slice(0, -1));
  const [parts, given] = [pattern.split('/'), path.split('/')];
  return parts.length === given.length && parts.every((part, i) => part.startsWith(':') || part === given[i]);
}
