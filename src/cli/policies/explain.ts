// SPDX-License-Identifier: Apache-2.0
import type { ExplainJudgement, ExplainReport, Explanation } from '../../api/schemas/policies.ts';
import type { Paint } from '../output/style.ts';
import { toneOf, withPort } from './tables.ts';

/** Why a packet passes or not, for people. */
export function explainText(
  { packets, cutOff, ...one }: ExplainReport,
  paint: Paint,
  withTrail: boolean,
): string {
  if (packets === undefined) return explanationText(one as Explanation, paint, withTrail);
  const parts = packets.map(({ number, skipped, ...rest }) => {
    const said =
      skipped === undefined ? explanationText(rest as Explanation, paint, withTrail) : `${skipped}\n`;
    return `${number}: ${said}`;
  });
  if (cutOff !== undefined)
    parts.push(`The capture is cut off: its last ${bytes(cutOff)} are no whole packet.\n`);
  return parts.length === 0 ? 'The capture has no packets.\n' : parts.join('');
}

function explanationText(one: Explanation, paint: Paint, withTrail: boolean): string {
  const { protocol, from, to, sourcePort, port, verdict, judgements } = one;
  const head = `${protocol} ${withPort(from, sourcePort)} -> ${withPort(to, port)}: ${paint([{ text: verdict, tone: toneOf(verdict) }])}\n`;
  if (judgements.length === 0) return `${head}  no endpoint of this node sends or receives it\n`;
  return head + judgements.map((judgement) => judgementText(judgement, paint, withTrail)).join('');
}

function judgementText(judgement: ExplainJudgement, paint: Paint, withTrail: boolean): string {
  const { endpoint, direction, verdict, tier, limited, audit, datapath, trail } = judgement;
  const lines = [
    `${direction} of ${endpoint}: ${paint([{ text: verdict, tone: toneOf(verdict) }])}${because(judgement)}` +
      `${tier === undefined ? '' : ` (${tier})`}${limited ? ', as much as its limit lets through' : ''}`,
  ];
  if (audit !== undefined) lines.push(`  in audit mode: ${audit.verdict}${because(audit)}`);
  if (datapath === undefined) lines.push('  no program is attached for it');
  else lines.push(`  the program on ${datapath.device} says ${datapath.verdict}${because(datapath)}`);
  if (withTrail)
    for (const { policy, rule, action, result } of trail)
      lines.push(`  ${policy} ${rule} (${action}): ${result}`);
  return lines.map((line) => `  ${line}\n`).join('');
}

/** Why no rule decides. */
const REASONS: Readonly<Record<string, string>> = {
  isolated: 'a policy isolates it and none allows this',
  'no policy': 'no policy says anything about it',
  self: 'it talks to itself',
  always: 'no policy is asked about what a link needs',
};

function because({ policy, rule, reason }: { policy?: string; rule?: string; reason: string }): string {
  return policy === undefined ? `: ${REASONS[reason] ?? reason}` : ` by ${policy} rule ${rule}`;
}

function bytes(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`;
}
