// SPDX-License-Identifier: Apache-2.0
import type {
  EndpointItem,
  EndpointReport,
  PolicyItem,
  PolicyReport,
  RuleReport,
  VerdictLine,
} from '../../api/schemas/policies.ts';
import type { Paint, Tone } from '../output/style.ts';
import { type Column, renderFields, renderTable } from '../output/table.ts';
import { renderBytes } from '../output/units.ts';

const POLICIES: readonly Column<PolicyItem>[] = [
  { title: 'POLICY', value: ({ name }) => name, tone: () => 'strong' },
  { title: 'TIER', value: ({ tier }) => tier },
  { title: 'PRIORITY', value: ({ priority }) => priority, align: 'right' },
  { title: 'MODE', value: ({ mode }) => mode, tone: ({ mode }) => (mode === 'audit' ? 'warn' : 'plain') },
  { title: 'RULES', value: ({ rules }) => rules, align: 'right' },
  { title: 'PACKETS', value: ({ packets }) => packets, align: 'right' },
  { title: 'BYTES', value: ({ bytes }) => renderBytes(bytes), align: 'right' },
];

const ENDPOINTS: readonly Column<EndpointItem>[] = [
  { title: 'ENDPOINT', value: ({ name }) => name, tone: () => 'strong' },
  { title: 'SIDE', value: ({ side }) => side },
  { title: 'ADDRESSES', value: ({ addresses }) => addresses.join(' ') },
  {
    title: 'DEVICES',
    value: ({ places }) => places.map(placeText).join(' '),
    tone: ({ places }) => (places.some(({ attached }) => !attached) ? 'bad' : 'plain'),
  },
  { title: 'LABELS', value: ({ labels }) => labelText(labels) },
];

const RULES: readonly Column<RuleReport>[] = [
  { title: 'POLICY', value: ({ policy }) => policy },
  { title: 'DIRECTION', value: ({ direction }) => direction },
  { title: 'RULE', value: ({ name, index }) => name ?? String(index) },
  { title: 'ACTION', value: ({ action }) => action, tone: ({ action }) => toneOf(action) },
  { title: 'PACKETS', value: ({ packets }) => packets, align: 'right' },
  { title: 'BYTES', value: ({ bytes }) => renderBytes(bytes), align: 'right' },
  { title: 'LAST', value: ({ last }) => last },
  { title: 'UNUSED SINCE', value: ({ unusedSince }) => unusedSince },
];

const VERDICTS: readonly Column<VerdictLine>[] = [
  { title: 'TIME', value: ({ time }) => time.slice(11, 23) },
  { title: 'ENDPOINT', value: ({ endpoint }) => endpoint },
  { title: 'DIRECTION', value: ({ direction }) => direction },
  { title: 'VERDICT', value: ({ verdict }) => verdict, tone: ({ verdict }) => toneOf(verdict) },
  { title: 'PROTOCOL', value: ({ protocol }) => protocol },
  { title: 'FROM', value: ({ from, sourcePort }) => withPort(from, sourcePort) },
  { title: 'TO', value: ({ to, port }) => withPort(to, port) },
  { title: 'BY', value: ({ policy, rule, reason }) => (policy === undefined ? reason : `${policy} ${rule}`) },
  { title: 'AUDIT', value: ({ audit }) => audit },
];

export const VERDICT_COLUMNS = VERDICTS;

export function policyList(items: readonly PolicyItem[], paint: Paint): string {
  return items.length === 0 ? 'No policies.\n' : renderTable(POLICIES, items, paint);
}

export function ruleList(items: readonly RuleReport[], paint: Paint): string {
  return items.length === 0 ? 'No rules.\n' : renderTable(RULES, items, paint);
}

export function endpointList(items: readonly EndpointItem[], paint: Paint): string {
  return items.length === 0 ? 'No endpoints.\n' : renderTable(ENDPOINTS, items, paint);
}

/** A policy with what its rules count. */
export function policyText({ name, endpoints, rules }: PolicyReport, paint: Paint): string {
  const fields = [
    ['policy', { text: name, tone: 'strong' }],
    ['endpoints', endpoints.length === 0 ? '(it selects none)' : endpoints.join(' ')],
  ] as const;
  return `${renderFields(fields, paint)}\n${rules.length === 0 ? 'No rules.\n' : renderTable(RULES.slice(1), rules, paint)}`;
}

/** An endpoint with the policies that apply to it. */
export function endpointText({ policies, ...item }: EndpointReport, paint: Paint): string {
  const list = (names: readonly string[]) => (names.length === 0 ? '(none: all passes)' : names.join(' '));
  const fields = [
    ['endpoint', { text: item.name, tone: 'strong' }],
    ['side', item.side],
    ['labels', labelText(item.labels)],
    ['addresses', item.addresses.join(' ')],
    ['devices', item.places.map(placeText).join(' ')],
    ['ingress', list(policies.ingress)],
    ['egress', list(policies.egress)],
  ] as const;
  return renderFields(fields, paint);
}

function placeText({ netns, device, attached, xdp }: EndpointItem['places'][number]): string {
  const state = attached ? (xdp ? ' (xdp)' : '') : ' (detached)';
  return `${netns === '' ? '' : `${netns}:`}${device}${state}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

export function withPort(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function toneOf(verdict: string): Tone {
  return verdict === 'allow' ? 'good' : verdict === 'pass' ? 'plain' : 'bad';
}
