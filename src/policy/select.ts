// SPDX-License-Identifier: Apache-2.0
import {
  type EndpointSelector,
  type EndpointSpec,
  type LabelRequirement,
  type LabelSelector,
  type Labels,
  NAMESPACE_NAME_LABEL,
} from '../model/policy.ts';

/** True when labels meet all that a selector requires. */
export function matchesLabels(selector: LabelSelector, labels: Labels): boolean {
  return selector.every((one) => meets(one, labels));
}

function meets({ key, operator, values = [] }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** Labels of a namespace, with the one that is its name. */
export function namespaceLabels(name: string, labels: Labels | undefined): Labels {
  return { ...labels, [NAMESPACE_NAME_LABEL]: name };
}

/** True when a selector selects the endpoint. @param labels Those of its namespace, as `namespaceLabels` gives them. */
export function selects(selector: EndpointSelector, endpoint: EndpointSpec, labels: Labels): boolean {
  if (selector.side !== undefined && selector.side !== endpoint.side) return false;
  if (selector.namespace !== undefined && selector.namespace !== endpoint.namespace) return false;
  if (selector.namespaces !== undefined && !matchesLabels(selector.namespaces, labels)) return false;
  return selector.labels === undefined || matchesLabels(selector.labels, endpoint.labels);
}
