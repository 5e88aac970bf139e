// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from 'commander';
import type { AgentClient } from '../client.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { jsonList, type ListWriter, yamlList } from '../output/list.ts';
import type { ShowFilter, ShowObject } from '../show/object.ts';
import { SHOW_OBJECTS } from '../show/registry.ts';
import { stateCommand } from '../show/state.ts';

const FILTERS: Readonly<Record<ShowFilter, () => Option>> = {
  dev: () => new Option('--dev <device>', 'only of this device'),
  family: () => new Option('--family <family>', 'only of this family').choices(['inet', 'inet6']),
  table: () => new Option('--table <table>', 'only of this table: a name or a number'),
};

type ShowFlags = Readonly<Partial<Record<ShowFilter | 'netns', string>>>;

/** `weir show <object>`: what the agent observes, as a list. */
export function showCommand(deps: CliDeps): Command {
  const show = new Command('show')
    .description('list what the agent observes, or the node as documents')
    .usage('<object> [options]');
  for (const object of SHOW_OBJECTS) show.addCommand(objectCommand(deps, object));
  show.addCommand(stateCommand(deps));
  return show;
}

function objectCommand(deps: CliDeps, object: ShowObject): Command {
  const command = new Command(object.name).description(object.summary);
  for (const filter of object.filters) command.addOption(FILTERS[filter]());
  if (object.long)
    command.addOption(new Option('--netns <netns>', "in this network namespace, not the agent's own"));
  return command.action((flags: ShowFlags) => show(contextOf(deps, command), object, flags));
}

/** Some items at a time: a full routing table needs no more memory than a short one. */
async function show(context: Context, object: ShowObject, flags: ShowFlags): Promise<void> {
  const writer = writerFor(context, object);
  await context.withAgent(async (agent) => {
    const { dev: device, ...others } = flags;
    const portions = object.long
      ? agent.lines(object.path, { device, ...others })
      : [await whole(agent, object)];
    for await (const items of portions) await context.out.write(writer.page(items));
  });
  await context.out.write(writer.end());
}

async function whole(agent: AgentClient, object: ShowObject): Promise<readonly unknown[]> {
  return (await agent.get<{ items: readonly unknown[] }>(object.path)).items;
}

function writerFor({ output, paint }: Context, object: ShowObject): ListWriter {
  if (output === 'json') return jsonList();
  if (output === 'yaml') return yamlList();
  return { ...object.table(paint), end: () => '' };
}
