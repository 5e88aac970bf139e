// SPDX-License-Identifier: Apache-2.0
import { GATEWAY } from './gateway.ts';
import { HIGH_THROUGHPUT } from './high-throughput.ts';
import { LOW_LATENCY } from './low-latency.ts';
import { LOW_POWER } from './low-power.ts';
import { MANY_CONNECTIONS } from './many-connections.ts';
import type { Profile } from './profile.ts';

/** The profiles that come with Weir. A new one is a file and a line here. */
export const PROFILES: readonly Profile[] = [
  GATEWAY,
  LOW_LATENCY,
  HIGH_THROUGHPUT,
  MANY_CONNECTIONS,
  LOW_POWER,
];
