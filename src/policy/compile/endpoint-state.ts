// SPDX-License-Identifier: Apache-2.0
import type { EndpointSpec, Labels, PolicyDirection } from '../../model/policy.ts';
import type { EndpointClass, Fact, SelectorFact } from './facts.ts';
import type { PolicyState } from './rule-state.ts';
import type { SetState } from './set-state.ts';

/** What is known of an endpoint from one compilation to the next. */
export interface EndpointState {
  spec: EndpointSpec;
  /** Labels of its namespace. */
  labels: Labels;
  /** Number for the datapath; 0 for an endpoint without devices, about which nothing is decided. */
  readonly number: number;
  readonly selectedBy: Set<SelectorFact>;
  /** Policies whose subject it is. */
  readonly policies: Set<PolicyState>;
  /** What rules find of it, and its addresses as the address spaces have them. */
  class: EndpointClass | undefined;
  addresses: readonly Uint8Array[];
  /** Of one that has several addresses of a family: the question whether it is itself. */
  self: Fact | undefined;
  readonly sets: Record<PolicyDirection, SetState | undefined>;
}
