// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { contextOf } from '../context.ts';
import type { CliDeps, LabNodeStatus, LabStatus } from '../deps.ts';
import type { Paint } from '../output/style.ts';
import { type Column, renderTable } from '../output/table.ts';

/** Name of the lab unless `--name` gives another. */
export const DEFAULT_LAB = 'weirlab';

/** `weir lab`: a small edge topology out of network namespaces. The host's own network is not touched. */
export function labCommand(deps: CliDeps): Command {
  const lab = new Command('lab')
    .description('try everything safely: an edge topology out of network namespaces')
    .option('--name <name>', 'name of the lab, the prefix of its namespaces', DEFAULT_LAB);
  return lab
    .addCommand(changeCommand(deps, 'up', 'build the lab, or what is missing of it'))
    .addCommand(changeCommand(deps, 'down', 'remove the lab'))
    .addCommand(execCommand(deps))
    .addCommand(statusCommand(deps));
}

const nameOf = (command: Command): string => command.optsWithGlobals<{ name: string }>().name;

function changeCommand(deps: CliDeps, verb: 'up' | 'down', summary: string): Command {
  const command = new Command(verb).description(summary);
  return command.action(async () => {
    const name = nameOf(command);
    const done = await deps.lab[verb](name);
    const changes = done.length === 0 ? 'already' : `now (${done.length} changes)`;
    const lab = name === DEFAULT_LAB ? 'lab' : `lab --name ${name}`;
    const hint = verb === 'up' ? `try: weir ${lab} exec client -- ping -c 3 10.77.0.11\n` : '';
    await contextOf(deps, command).document(
      { lab: name, done },
      () => `lab ${name} is ${verb} ${changes}\n${hint}`,
    );
  });
}

function execCommand(deps: CliDeps): Command {
  const command = new Command('exec').description('run a command in a node of the lab');
  return command
    .usage('[options] <node> -- <command...>')
    .argument('<node>', 'gateway, upstream, client, edge1 or edge2')
    .argument('<command...>', 'the command and its arguments')
    .action((node: string, words: readonly string[]) => deps.lab.exec(nameOf(command), node, words));
}

function statusCommand(deps: CliDeps): Command {
  const command = new Command('status').description('draw the lab and say what of it exists');
  return command.action(async () => {
    const context = contextOf(deps, command);
    const status = await deps.lab.status(nameOf(command));
    await context.document(status, () => statusText(status, context.paint));
  });
}

const COLUMNS: readonly Column<LabNodeStatus>[] = [
  { title: 'NODE', value: (node) => node.node, tone: () => 'strong' },
  { title: 'NAMESPACE', value: (node) => node.netns },
  {
    title: 'STATE',
    value: (node) => (node.up ? 'up' : 'absent'),
    tone: (node) => (node.up ? 'good' : 'dim'),
  },
  {
    title: 'DEVICES',
    value: (node) => node.links.map((link) => `${link.ifname}:${link.operstate}`).join(' '),
  },
  { title: 'ROLE', value: (node) => node.role },
];

function statusText({ picture, nodes }: LabStatus, paint: Paint): string {
  return `${picture}\n${renderTable(COLUMNS, nodes, paint)}`;
}
