// SPDX-License-Identifier: Apache-2.0
import type { EndpointSpec } from '../../model/policy.ts';
import { pattern } from '../../plan/match.ts';

interface Names {
  readonly exact: Set<string>;
  readonly patterns: RegExp[];
}

/** What endpoints call their devices, in each namespace. */
export class DeviceNames {
  readonly endpoints: ReadonlyMap<string, EndpointSpec>;
  readonly #names = new Map<string, Names>();

  constructor(endpoints: ReadonlyMap<string, EndpointSpec>) {
    this.endpoints = endpoints;
    for (const { netns = '', devices } of endpoints.values())
      for (const device of devices) {
        const names = this.#names.get(netns) ?? { exact: new Set(), patterns: [] };
        this.#names.set(netns, names);
        if (device.includes('*')) names.patterns.push(pattern(device));
        else names.exact.add(device);
      }
  }

  /** Whether a device of this name is an endpoint's. */
  has(netns: string, device: string): boolean {
    const names = this.#names.get(netns);
    return names?.exact.has(device) === true || names?.patterns.some((one) => one.test(device)) === true;
  }
}
