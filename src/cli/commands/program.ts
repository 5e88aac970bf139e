// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { ProgramList, ProgramReport, StoredObject } from '../../api/schemas/programs.ts';
import { isWeirError, messageOf, WeirError } from '../../base/errors.ts';
import { deleteDocument } from '../change/delete.ts';
import { type ChangeFlags, withChangeFlags } from '../change/options.ts';
import { withPeer } from '../change/plan.ts';
import type { AgentClient } from '../client.ts';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import {
  attachFlag,
  orderFlag,
  type ProgramFlags,
  programDocument,
  setFlag,
  signatureFlag,
} from '../programs/document.ts';
import { listText, programText } from '../programs/tables.ts';
import { applyRequest } from './apply.ts';
import { programTopCommand } from './program-top.ts';

const EXAMPLES = `
Examples:
  weir program apply guard guard.bpf.o --attach filter@tcx-ingress:eth0 --set limit=100
  weir program apply early early.bpf.o --attach drop@xdp:'eth*' --drift restore
  weir program list
  weir program top
  weir program delete guard
`;

/** `weir program`: the operator's own eBPF programs. */
export function programCommand(deps: CliDeps): Command {
  return new Command('program')
    .description('deploy, list and measure your own eBPF programs')
    .addHelpText('after', EXAMPLES)
    .addCommand(listCommand(deps))
    .addCommand(showCommand(deps))
    .addCommand(applyCommand(deps))
    .addCommand(deleteCommand(deps))
    .addCommand(uploadCommand(deps))
    .addCommand(programTopCommand(deps));
}

function listCommand(deps: CliDeps): Command {
  const command = new Command('list').description(
    'programs, where they run, and those of others beside them',
  );
  return command.action(async () => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      const list = await agent.get<ProgramList>('/v1/programs');
      await context.document(list, () => listText(list, context.paint));
    });
  });
}

function showCommand(deps: CliDeps): Command {
  const command = new Command('show').description('one program: functions, maps, attachments');
  return command.argument('<name>', 'name of its document').action(async (name: string) => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      const program = await agent.get<ProgramReport>(pathOf(name));
      await context.document(program, () => programText(program, context.paint));
    });
  });
}

interface ApplyFlags extends ProgramFlags, ChangeFlags {
  readonly log?: boolean;
}

function applyCommand(deps: CliDeps): Command {
  const command = new Command('apply').description('upload an object and apply a Program document of it');
  const list =
    <T>(parse: (text: string) => T) =>
    (text: string, before: readonly T[] = []) => [...before, parse(text)];
  command
    .argument('<name>', 'name of the document')
    .argument('<object>', 'compiled object: clang -target bpf -g -O2 -c')
    .requiredOption(
      '--attach <function@hook:target>',
      'where a function runs; may be repeated',
      list(attachFlag),
    )
    .option('--set <name=value>', 'value of a `const volatile` variable; may be repeated', list(setFlag))
    .option('--order <place>', 'on tcx: first, last, before:NAME or after:NAME', orderFlag)
    .addOption(new Option('--mode <mode>', 'of xdp').choices(['native', 'generic', 'auto']))
    .option('--memory <size>', 'most memory that it may lock: 64MiB')
    .option('--signature <file>', 'Ed25519 signature over the object', signatureFlag)
    .option('--netns <name>', 'network namespace of the devices')
    .addOption(new Option('--drift <policy>', 'when others change it').choices(['report', 'restore']))
    .option('--log', 'print what the verifier wrote when it refuses the program');
  return withChangeFlags(command).action(async (name: string, file: string, flags: ApplyFlags) => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      const { digest } = await upload(agent, file);
      const request = withPeer(context, { documents: [programDocument(name, digest, flags)] });
      await applyRequest(context, agent, request, flags).catch((error: unknown) => {
        if (flags.log && isWeirError(error)) deps.stderr.write(String(error.details['log'] ?? ''));
        throw error;
      });
    });
  });
}

function deleteCommand(deps: CliDeps): Command {
  const command = new Command('delete').description('take a program away: a change without its document');
  command.argument('<name>', 'name of its document');
  return withChangeFlags(command).action(async (name: string, flags: ChangeFlags) => {
    const context = contextOf(deps, command);
    const document = { what: `the program ${name}`, path: pathOf(name) };
    await context.withAgent((agent) => deleteDocument(context, agent, document, flags));
  });
}

function uploadCommand(deps: CliDeps): Command {
  const command = new Command('upload').description(
    'keep an object on the node; documents name it by its digest',
  );
  return command.argument('<object>', 'compiled object').action(async (file: string) => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      const stored = await upload(agent, file);
      await context.document(stored, () => `${stored.digest}\n`);
    });
  });
}

async function upload(agent: AgentClient, file: string): Promise<StoredObject> {
  const bytes = contentOf(file);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return agent.put<StoredObject>(`/v1/objects/${digest}`, bytes);
}

function contentOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new WeirError('USAGE', { problem: `${file}: ${messageOf(error)}` });
  }
}

function pathOf(name: string): string {
  return `/v1/programs/${encodeURIComponent(name)}`;
}
