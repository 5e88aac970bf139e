// SPDX-License-Identifier: Apache-2.0
import type { Caller, RawBody, Rendered, RequestOptions } from './change-service.ts';
import type { ApplyReport } from './schemas/change.ts';
import type { PolicyPageQuery, VerdictQuery } from './schemas/policies.ts';
import type { Feed } from './service.ts';
import type { Target } from './target.ts';

/** Objects of network policy that have an address of their own. */
export type PolicyResource = 'policies' | 'endpoints' | 'cidrsets';

/** An event of the feed of verdicts, rendered. */
export interface VerdictEntry {
  readonly id: string;
  readonly body: { readonly kind: 'verdict' | 'gap' };
  readonly json: string;
}

/** Network policy. Putting and deleting are changes like any other. */
export interface PolicyService {
  /** PolicyPage, EndpointPage or CidrSetPage: what is in force, by name. */
  policyObjects(
    target: Target,
    resource: PolicyResource,
    query: PolicyPageQuery,
  ): Promise<Rendered<'PolicyPage'>>;
  /** PolicyReport, EndpointReport or CidrSetReport. @throws {WeirError} `NOT_FOUND`. */
  policyObject(
    target: Target,
    resource: PolicyResource,
    name: string,
    query: PolicyPageQuery,
  ): Promise<Rendered<'PolicyReport'>>;
  /** Apply one document: `body` is the document, or its `spec`. */
  putPolicyObject(
    target: Target,
    resource: PolicyResource,
    name: string,
    body: RawBody,
    options: RequestOptions,
    caller: Caller,
  ): Promise<ApplyReport>;
  /** Apply the current documents without this one. @throws {WeirError} `NOT_FOUND`. */
  deletePolicyObject(
    target: Target,
    resource: PolicyResource,
    name: string,
    options: RequestOptions,
    caller: Caller,
  ): Promise<ApplyReport>;
  /** Apply a set with prefixes added and taken out: `body` is a CidrSetChange. @throws {WeirError} `NOT_FOUND`. */
  changeCidrSet(
    target: Target,
    name: string,
    body: RawBody,
    options: RequestOptions,
    caller: Caller,
  ): Promise<ApplyReport>;
  /** RulePage: what every rule counts. */
  policyRules(target: Target, query: PolicyPageQuery): Promise<Rendered<'RulePage'>>;
  /**
   * ExplainReport: `body` is an ExplainRequest, or a capture as bytes.
   * @throws {WeirError} `POLICY_DISAGREES` when the program says something else than the documents.
   */
  explain(target: Target, body: RawBody | Uint8Array): Promise<Rendered<'ExplainReport'>>;
  /** The same capture (pcapng) with who decides about each packet as its comment. @throws as `explain`, and `VALUE` for pcap. */
  explainCapture(target: Target, capture: Uint8Array): Promise<Rendered<'capture'>>;
  /** Follow sampled verdicts from now on. */
  followVerdicts(target: Target, query: VerdictQuery, deliver: (event: VerdictEntry) => void): Promise<Feed>;
}
