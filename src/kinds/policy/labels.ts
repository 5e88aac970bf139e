// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { described } from '../../base/expected.ts';
import type { LabelRequirement, LabelSelector, Labels } from '../../model/policy.ts';
import type { Complain } from '../object-class.ts';

const closed = { additionalProperties: false };

/** Labels as they stand in metadata. */
export const LabelsField = Type.Record(Type.String(), Type.String(), {
  description: 'Labels by which selectors find it',
});

const Requirement = Type.Object(
  {
    key: Type.String({ description: 'Name of the label' }),
    operator: Type.Enum(['In', 'NotIn', 'Exists', 'DoesNotExist'], {
      description: 'What must hold. NotIn holds, too, where there is no such label',
    }),
    values: Type.Optional(
      Type.Array(Type.String(), { description: 'Of In and NotIn: one at least', maxItems: 1024 }),
    ),
  },
  { ...closed, description: 'One requirement' },
);

/** A selector as Kubernetes writes it. */
export const SelectorField = Type.Object(
  {
    matchLabels: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'Labels with their values' }),
    ),
    matchExpressions: Type.Optional(
      Type.Array(Requirement, { description: 'Further requirements', maxItems: 256 }),
    ),
  },
  { ...closed, description: 'All that it says must hold; empty, it selects everything' },
);

type SelectorValue = Static<typeof SelectorField>;

const LABEL_KEY =
  /^((?=[^/]{1,253}\/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** Labels in the order of their keys. */
export function labelsOf(value: Labels | undefined, path: string, complain: Complain): Labels {
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [key, text] of Object.entries(value ?? {}).sort(byKey)) {
    checkKey(key, path, complain);
    checkValue(text, `${path}.${key}`, complain);
    labels[key] = text;
  }
  return { ...labels };
}

/** The requirements of a selector in a fixed order, each once. */
export function selectorOf(value: SelectorValue, path: string, complain: Complain): LabelSelector {
  const found = Object.entries(value.matchLabels ?? {}).map(([key, text]): LabelRequirement => {
    checkKey(key, `${path}.matchLabels`, complain);
    checkValue(text, `${path}.matchLabels.${key}`, complain);
    return { key, operator: 'In', values: [text] };
  });
  value.matchExpressions?.forEach((one, i) => {
    found.push(requirementOf(one, `${path}.matchExpressions.${i}`, complain));
  });
  const byText = new Map(found.map((one) => [textOf(one), one]));
  return [...byText].sort(byKey).map(([, one]) => one);
}

function requirementOf(
  { key, operator, values = [] }: Static<typeof Requirement>,
  path: string,
  complain: Complain,
): LabelRequirement {
  checkKey(key, `${path}.key`, complain);
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) complain(`${path}.values`, `${operator} takes no values: leave them out`);
    return { key, operator };
  }
  if (values.length === 0) complain(path, `"values" is missing: ${operator} needs one at least`);
  values.forEach((text, i) => {
    checkValue(text, `${path}.values.${i}`, complain);
  });
  return { key, operator, values: [...new Set(values)].sort() };
}

function checkKey(key: string, path: string, complain: Complain): void {
  if (!LABEL_KEY.test(key))
    complain(
      path,
      `${described(key)} is no name of a label: at most 63 letters, digits, - _ . and perhaps a domain and / before`,
    );
}

function checkValue(text: string, path: string, complain: Complain): void {
  if (!LABEL_VALUE.test(text))
    complain(
      path,
      `${described(text)} is no value of a label: at most 63 letters, digits, - _ . between letters or digits`,
    );
}

/** Says the same for the same requirement alone. */
export function textOf({ key, operator, values }: LabelRequirement): string {
  return `${key} ${operator} ${values?.join(',') ?? ''}`;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
