// SPDX-License-Identifier: Apache-2.0
// The use cases of network policy on the engine's thread: arguments in, bytes out.
import type { Caller, RawBody, RequestOptions } from '../../api/change-service.ts';
import type { PolicyResource, PolicyService } from '../../api/policy-service.ts';
import { CidrSetChange, type CidrSetReport, type PolicyPageQuery } from '../../api/schemas/policies.ts';
import { WeirError } from '../../base/errors.ts';
import { validated } from '../../base/validate.ts';
import { withComments } from '../../codec/pcapng-comments.ts';
import type { Engine } from '../../engine/engine.ts';
import type { PolicyHost } from '../../engine/policy/host.ts';
import type { Document } from '../../plan/document.ts';
import { bodyOf, json, jsonIn } from './bodies.ts';
import { policyComment } from './policy-comments.ts';
import { explain } from './policy-explain.ts';
import { documentNamed, documentOf } from './policy-names.ts';
import {
  changedCidrs,
  endpointItem,
  endpointReport,
  policyItems,
  policyReport,
  rulesOf,
  setItem,
} from './policy-report.ts';
import { readRequest } from './requests.ts';

type Methods = {
  readonly [M in Exclude<keyof PolicyService, 'followVerdicts'>]: (...args: never[]) => Promise<Uint8Array>;
};

const PAGE = 1_000;

/** The use cases over an engine and its host of policies. */
export function policyMethods(engine: Engine, host: PolicyHost): Methods {
  const named = (name: string) => engine.documentNamed(name);
  const apply = async (document: unknown, options: RequestOptions, caller: Caller) => {
    const { wish, change, asker } = readRequest(bodyOf({ documents: [document] }), options, caller);
    return json(await engine.apply(wish, change, asker));
  };
  const page = <T>(all: readonly T[], { limit = PAGE, cursor = '0' }: PolicyPageQuery) => {
    const from = Number(cursor);
    const next = from + limit < all.length ? { next: String(from + limit) } : {};
    return { revision: engine.status().revision, items: all.slice(from, from + limit), ...next };
  };
  return {
    async policyObjects(resource: PolicyResource, query: PolicyPageQuery) {
      await host.settled();
      const { objects } = host;
      if (resource === 'policies') return json(page(policyItems(host), query));
      if (resource === 'cidrsets') {
        const { items, ...rest } = page([...objects['cidr-set'].values()].sort(byName), query);
        return json({ ...rest, items: items.map((one) => setItem(host, one)) });
      }
      const { items, ...rest } = page([...objects.endpoint.values()].sort(byKey), query);
      return json({ ...rest, items: items.map((one) => endpointItem(host, one)) });
    },
    async policyObject(resource: PolicyResource, name: string, query: PolicyPageQuery) {
      await host.settled();
      const { revision } = engine.status();
      const document = documentNamed(named, resource, name);
      const about = { revision, document: document.value };
      if (resource === 'policies') return json({ ...about, ...policyReport(host, document.name) });
      if (resource === 'endpoints') return json({ ...about, ...endpointReport(host, endpointKey(document)) });
      return json(setReport(host, document, revision, query));
    },
    async putPolicyObject(
      resource: PolicyResource,
      name: string,
      body: RawBody,
      options: RequestOptions,
      caller: Caller,
    ) {
      return apply(documentOf(resource, name, jsonIn(body)), options, caller);
    },
    async deletePolicyObject(
      resource: PolicyResource,
      name: string,
      options: RequestOptions,
      caller: Caller,
    ) {
      const document = documentNamed(named, resource, name);
      const { change, asker } = readRequest(bodyOf({}), options, caller);
      const wish = { documents: [], prune: false, remove: [document.name] };
      return json(await engine.apply(wish, change, asker));
    },
    async changeCidrSet(name: string, body: RawBody, options: RequestOptions, caller: Caller) {
      const change = validated(CidrSetChange, jsonIn(body), 'body');
      const { value } = documentNamed(named, 'cidrsets', name);
      const { cidrs, file } = value.spec as { cidrs?: readonly string[]; file?: string };
      if (file !== undefined)
        throw new WeirError('REQUEST_INVALID', {
          where: 'body',
          problem: `the prefixes of ${name} stand in ${file}: change the file and apply the set again`,
        });
      const spec = { ...value.spec, cidrs: changedCidrs(cidrs ?? [], change) };
      return apply({ ...value, spec }, options, caller);
    },
    async policyRules(query: PolicyPageQuery) {
      await host.settled();
      return json(page(rulesOf(host), query));
    },
    async explain(body: RawBody | Uint8Array) {
      await host.settled();
      const given = body instanceof Uint8Array ? body : jsonIn(body);
      return json({ revision: engine.status().revision, ...explain(host, given) });
    },
    async explainCapture(capture: Uint8Array) {
      await host.settled();
      const { packets = [] } = explain(host, capture);
      return withComments(capture, packets.map(policyComment));
    },
  };
}

function setReport(
  host: PolicyHost,
  { value }: Document,
  revision: number,
  { limit = PAGE, cursor = '0' }: PolicyPageQuery,
): CidrSetReport {
  const { cidrs = [], file } = value.spec as { cidrs?: readonly string[]; file?: string };
  const from = Number(cursor);
  const item = setItem(host, { name: value.metadata.name, cidrs, ...(file !== undefined && { file }) });
  const next = from + limit < cidrs.length ? { next: String(from + limit) } : {};
  return { ...item, revision, cidrs: cidrs.slice(from, from + limit), ...next };
}

function endpointKey({ name }: Document): string {
  return name.slice(name.indexOf('/') + 1);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : 1;
}
