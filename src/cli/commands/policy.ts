// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type {
  EndpointPage,
  EndpointReport,
  ExplainReport,
  PolicyPage,
  PolicyReport,
  RulePage,
  VerdictLine,
} from '../../api/schemas/policies.ts';
import { messageOf, WeirError } from '../../base/errors.ts';
import { deleteDocument } from '../change/delete.ts';
import { readDocuments } from '../change/files.ts';
import { type ChangeFlags, withChangeFlags } from '../change/options.ts';
import { withPeer } from '../change/plan.ts';
import type { AgentClient, Query } from '../client.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { TableWriter } from '../output/table.ts';
import { explainText } from '../policies/explain.ts';
import {
  endpointList,
  endpointText,
  policyList,
  policyText,
  ruleList,
  VERDICT_COLUMNS,
} from '../policies/tables.ts';
import { applyRequest } from './apply.ts';

const PCAPNG = 'application/x-pcapng';

const EXAMPLES = `
Examples:
  weir policy apply -f web.yaml
  weir policy list
  weir policy rules
  weir policy explain --from shop/web --to 10.0.0.7 --proto tcp --port 443
  weir policy explain --capture failing.pcap
  weir policy explain --capture failing.pcapng -w - | tshark -r - -T fields -e frame.number -e frame.comment
  weir policy log --verdict deny
  weir policy delete NetworkPolicy/shop/web
`;

/** `weir policy`: who may talk to whom. */
export function policyCommand(deps: CliDeps): Command {
  return new Command('policy')
    .description('network policy: what is in force, what it counts, why a packet passes or not')
    .addHelpText('after', EXAMPLES)
    .addCommand(listCommand(deps))
    .addCommand(showCommand(deps))
    .addCommand(endpointsCommand(deps))
    .addCommand(rulesCommand(deps))
    .addCommand(applyCommand(deps))
    .addCommand(deleteCommand(deps))
    .addCommand(explainCommand(deps))
    .addCommand(logCommand(deps));
}

function listCommand(deps: CliDeps): Command {
  const command = new Command('list').description('policies in force, with what they count');
  return command.action(async () => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      const items = await everyPage<PolicyPage>(agent, '/v1/policies');
      await context.document(items, () => policyList(items, context.paint));
    });
  });
}

function showCommand(deps: CliDeps): Command {
  const command = new Command('show').description('one policy: whom it selects, what each rule counts');
  return command
    .argument('<name>', 'name of its document: edge, shop/web, NetworkPolicy/shop/web')
    .action(async (name: string) => {
      const context = contextOf(deps, command);
      await context.withAgent(async (agent) => {
        const policy = await agent.get<PolicyReport>(pathOf('policies', name));
        await context.document(policy, () => policyText(policy, context.paint));
      });
    });
}

function endpointsCommand(deps: CliDeps): Command {
  const command = new Command('endpoints').description(
    'endpoints, or one with the policies that apply to it',
  );
  return command.argument('[name]', 'name of the endpoint').action(async (name?: string) => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      if (name === undefined) {
        const items = await everyPage<EndpointPage>(agent, '/v1/endpoints');
        return context.document(items, () => endpointList(items, context.paint));
      }
      const endpoint = await agent.get<EndpointReport>(pathOf('endpoints', name));
      return context.document(endpoint, () => endpointText(endpoint, context.paint));
    });
  });
}

interface RuleFlags {
  readonly unused?: boolean;
  readonly policy?: string;
}

function rulesCommand(deps: CliDeps): Command {
  const command = new Command('rules').description('what each rule counts, when it decided last');
  return command
    .option('--unused', 'only those that have decided nothing')
    .option('--policy <name>', 'only of this policy')
    .action(async ({ unused = false, policy }: RuleFlags) => {
      const context = contextOf(deps, command);
      await context.withAgent(async (agent) => {
        const all = await everyPage<RulePage>(agent, '/v1/rules');
        const items = all.filter(
          (one) =>
            (!unused || one.packets === 0) &&
            (policy === undefined || one.policy === policy || one.policy === `Policy/${policy}`),
        );
        await context.document(items, () => ruleList(items, context.paint));
      });
    });
}

interface ApplyFlags extends ChangeFlags {
  readonly file: readonly string[];
}

function applyCommand(deps: CliDeps): Command {
  const command = new Command('apply').description('apply documents, as `weir apply` does');
  command.requiredOption(
    '-f, --file <file>',
    'a file, a directory or -; may be repeated',
    (value: string, before: readonly string[] = []) => [...before, value],
  );
  return withChangeFlags(command).action(async (flags: ApplyFlags) => {
    const context = contextOf(deps, command);
    const files = await readDocuments(flags.file, deps.stdin);
    await context.withAgent((agent) => applyRequest(context, agent, withPeer(context, { files }), flags));
  });
}

function deleteCommand(deps: CliDeps): Command {
  const command = new Command('delete').description('take a policy away: a change without its document');
  command.argument('<name>', 'name of its document');
  return withChangeFlags(command).action(async (name: string, flags: ChangeFlags) => {
    const context = contextOf(deps, command);
    const document = { what: `the policy ${name}`, path: pathOf('policies', name) };
    await context.withAgent((agent) => deleteDocument(context, agent, document, flags));
  });
}

interface ExplainFlags {
  readonly from?: string;
  readonly to?: string;
  readonly proto: string;
  readonly port?: number;
  readonly sourcePort?: number;
  readonly type?: number;
  readonly code?: number;
  readonly flags?: readonly string[];
  readonly capture?: string;
  readonly write?: string;
  readonly trail?: boolean;
}

function explainCommand(deps: CliDeps): Command {
  const command = new Command('explain').description(
    'which policy and rule decide about a packet and why, and what the attached program says',
  );
  return command
    .option('--from <end>', 'who sends: an address or an endpoint')
    .option('--to <end>', 'who is sent to: an address or an endpoint')
    .option('--proto <protocol>', 'tcp, udp, sctp, icmp or a number', 'tcp')
    .option('--port <port>', 'destination port', numberUpTo(65_535))
    .option('--source-port <port>', 'source port', numberUpTo(65_535))
    .option('--type <type>', 'of ICMP', numberUpTo(255))
    .option('--code <code>', 'of ICMP', numberUpTo(255))
    .option('--flags <flags>', 'of TCP, with commas: SYN,ACK', (text: string) =>
      text.toUpperCase().split(','),
    )
    .addOption(
      new Option('--capture <file>', 'explain each packet of a capture (pcap or pcapng)').conflicts([
        'from',
        'to',
      ]),
    )
    .addOption(
      new Option(
        '-w, --write <file>',
        'of a capture: the same file (pcapng) with who decides as comments (- is standard output)',
      ).conflicts(['from', 'to', 'trail']),
    )
    .option('--trail', 'also every rule that was asked')
    .action(async (flags: ExplainFlags) => {
      const context = contextOf(deps, command);
      await context.withAgent(async (agent) => {
        if (flags.write !== undefined) return writeExplained(context, agent, flags.capture, flags.write);
        const report = await explained(agent, flags);
        await context.document(report, () => explainText(report, context.paint, flags.trail === true));
      });
    });
}

function explained(agent: AgentClient, flags: ExplainFlags): Promise<ExplainReport> {
  const { capture, write: __, trail: _, proto: protocol, from, to, ...rest } = flags;
  if (capture !== undefined) return agent.postBytes<ExplainReport>('/v1/explain', contentOf(capture));
  if (from === undefined || to === undefined)
    throw new WeirError('USAGE', {
      problem: 'say who sends and to whom: --from and --to, or name a --capture',
    });
  return agent.post<ExplainReport>('/v1/explain', { from, to, protocol, ...rest });
}

/** A new file, or standard output. */
async function writeExplained(
  { deps, out }: Context,
  agent: AgentClient,
  capture: string | undefined,
  file: string,
): Promise<void> {
  if (capture === undefined) throw new WeirError('USAGE', { problem: '--write needs a --capture' });
  if (file === '-' && deps.stdout.isTTY)
    throw new WeirError('USAGE', { problem: 'a capture file does not belong on a terminal; name a file' });
  const { parts } = await agent.stream('/v1/explain', PCAPNG, contentOf(capture));
  if (file === '-') for await (const part of parts) await out.write(part);
  else
    await writeFile(file, parts, { flag: 'wx', mode: 0o600 }).catch((error) => {
      throw new WeirError('FILE', { path: file, problem: messageOf(error) }, { cause: error });
    });
}

interface LogFlags {
  readonly endpoint?: string;
  readonly policy?: string;
  readonly verdict?: string;
  readonly count?: number;
}

function logCommand(deps: CliDeps): Command {
  const command = new Command('log').description('verdicts that rules with `log` sample, as they are made');
  return command
    .option('--endpoint <name>', 'only of this endpoint')
    .option('--policy <name>', 'only of rules of this policy')
    .addOption(new Option('--verdict <verdict>', 'only these').choices(['allow', 'deny', 'reject']))
    .option('-n, --count <count>', 'end after so many', numberUpTo(1_000_000_000))
    .action(async ({ count = Infinity, ...query }: LogFlags) => {
      const context = contextOf(deps, command);
      await context.withAgent((agent) => follow(context, agent, { ...query }, count));
    });
}

async function follow(context: Context, agent: AgentClient, query: Query, count: number): Promise<void> {
  const { out, output, paint } = context;
  const table = new TableWriter(VERDICT_COLUMNS, paint);
  let seen = 0;
  for await (const value of agent.events('/v1/verdicts', query)) {
    const line = value as VerdictLine;
    if (line.kind !== 'verdict') continue;
    await out.write(output === 'table' ? table.page([line]) : `${JSON.stringify(line)}\n`);
    seen++;
    if (seen >= count) return;
  }
}

interface Paged {
  readonly items: readonly unknown[];
  readonly next?: string;
}

async function everyPage<P extends Paged>(agent: AgentClient, path: string): Promise<P['items'][number][]> {
  const items: P['items'][number][] = [];
  let cursor: string | undefined;
  do {
    const page: P = await agent.get<P>(path, { limit: 10_000, cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return items;
}

function numberUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value <= most) return value;
    throw new InvalidArgumentError(`It must be a number up to ${most}.`);
  };
}

function contentOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new WeirError('USAGE', { problem: `${file}: ${messageOf(error)}` });
  }
}

function pathOf(resource: string, name: string): string {
  return `/v1/${resource}/${encodeURIComponent(name)}`;
}
