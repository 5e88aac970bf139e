// SPDX-License-Identifier: Apache-2.0
import type { ExplainJudgement, ExplainReport, Explanation } from '../../api/schemas/policies.ts';
import type { Paint } from '../output/style.ts';
import { toneOf, withPort } from './tables.ts';

/** Why a packet passes or not, for people. */
export function explainText({ packets, ...one }: ExplainReport, paint: Paint, withTrail: boolean): string {
  if (packets === undefined) return explanationText(one as Explanation, paint, withTrail);
  const parts = packets.map(({ number, skipped, ...rest }) => {
    const said =
      skipped === undefined ? explanationText(rest as Explanation, paint, withTrail) : `${skipped}\n`;
    return `${number}: ${said}`;
  });
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
    `${direction} of ${endpoint}: ${paint([{ text: verdict, tone: toneOf(verdict) }])} by ${decider(judgement)}` +
      `${tier === undefined ? '' : ` (${tier})`}${limited ? ', as much as its limit lets through' : ''}`,
  ];
  if (audit !== undefined) lines.push(`  in audit mode: ${audit.verdict} by ${decider(audit)}`);
  if (datapath === undefined) lines.push('  no program is attached for it');
  else lines.push(`  the program on ${datapath.device} says ${datapath.verdict} by ${decider(datapath)}`);
  if (withTrail)
    for (const { policy, rule, action, result } of trail)
      lines.push(`  ${policy} ${rule} (${action}): ${result}`);
  return lines.map((line) => `  ${line}\n`).join('');
}

function decider({ policy, rule, reason }: { policy?: string; rule?: string; reason: string }): string {
  return policy === undefined ? `default: ${reason}` : `${policy} rule ${rule}`;
}
