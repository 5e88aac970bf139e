// SPDX-License-Identifier: Apache-2.0

/**
 * A neighbour as observed, with the field names of `ip -json -details neighbour`. Flags are keys with the
 * value null, as ip writes them.
 */
export interface Neighbour {
  readonly dst: string;
  readonly dev: string;
  readonly ifindex: number;
  readonly lladdr?: string;
  readonly router?: null;
  readonly proxy?: null;
  readonly managed?: null;
  readonly extern_learn?: null;
  readonly offload?: null;
  /** INCOMPLETE, REACHABLE, STALE, DELAY, PROBE, FAILED, NOARP, PERMANENT; absent for a proxy entry. */
  readonly state?: readonly string[];
  readonly protocol?: string;
}
