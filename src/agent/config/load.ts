// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import type { AgentOptions } from '../../api/agent-options.ts';
import { messageOf, WeirError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { complaints } from '../../base/validate.ts';
import { isTree, LEAVES, type SchemaNode, type Tree, variableOf, withDefaults, withValue } from './paths.ts';
import { type Settings, SettingsSchema } from './schema.ts';

/** The settings file that is read when nobody names one. */
export const DEFAULT_CONFIG = '/etc/weir/weir.yaml';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings, and where they come from. */
export interface LoadedSettings {
  readonly settings: Settings;
  /** The file that was read, undefined for none. */
  readonly file: string | undefined;
  /** Variables that look like settings and are none. */
  readonly warnings: readonly string[];
}

/**
 * Put the settings together: defaults, then the file, then `WEIR_*` variables, then flags.
 *
 * @throws {WeirError} `CONFIG` naming the file, variable or flag and the key that is wrong in it.
 */
export async function loadSettings(options: AgentOptions, env: Environment): Promise<LoadedSettings> {
  const named = options.config ?? (env['WEIR_CONFIG'] || undefined);
  const { file, tree } = await readSettingsFile(named ?? DEFAULT_CONFIG, named !== undefined);
  let settings = withDefaults(SettingsSchema as SchemaNode, tree);
  check(settings, () => file ?? 'defaults');
  const overrides = [...fromVariables(env), ...fromFlags(options)];
  for (const { path, value } of overrides)
    settings = withDefaults(SettingsSchema as SchemaNode, await overridden(settings, path, value));
  // All at once: some settings, as certificate and key, are valid only together.
  check(settings, (path) => originOf(path, overrides));
  return { settings: settings as unknown as Settings, file, warnings: unknownVariables(env) };
}

/** A YAML document that must be a mapping. @throws {WeirError} `CONFIG`. */
export async function parseYaml(file: string, content: string): Promise<Tree> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(content, { prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined) throw new WeirError('CONFIG', { file, ...placeOf(content, problem) });
  const value = expand(file, () => document.toJS({ maxAliasCount: 100 })) ?? {};
  if (!isTree(value)) throw new WeirError('CONFIG', { file, path: 'document', problem: 'must be a mapping' });
  return value;
}

/** Aliases are followed only now: one without its anchor, and too many of them, show late. */
function expand(file: string, toValue: () => unknown): unknown {
  try {
    return toValue();
  } catch (cause) {
    throw new WeirError('CONFIG', { file, path: 'document', problem: messageOf(cause) }, { cause });
  }
}

/** One value that a variable or a flag gives. */
interface Override {
  /** Name of the variable or flag, for errors. */
  readonly origin: string;
  readonly path: string;
  readonly value: string;
}

async function readSettingsFile(file: string, mustExist: boolean): Promise<{ file?: string; tree: Tree }> {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    if (!mustExist && (cause as NodeJS.ErrnoException).code === 'ENOENT') return { tree: {} };
    throw new WeirError('CONFIG', { file, path: 'file', problem: messageOf(cause) }, { cause });
  }
  return { file, tree: await parseYaml(file, content) };
}

function placeOf(content: string, { message, pos }: { message: string; pos: readonly [number, number] }) {
  const before = content.slice(0, pos[0]).split('\n');
  return { path: `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`, problem: message };
}

function check(settings: Tree, originAt: (path: string) => string): void {
  const [first] = complaints(SettingsSchema, settings);
  if (first === undefined) return;
  const { path, problem } = first;
  throw new WeirError('CONFIG', { file: originAt(path), path: path || 'document', problem });
}

/** Who gave what stands at `path`, or above or below it; the last one wins, as its value does. */
function originOf(path: string, overrides: readonly Override[]): string {
  const touches = (one: Override) => `${path}.`.startsWith(`${one.path}.`) || one.path.startsWith(`${path}.`);
  return overrides.findLast(touches)?.origin ?? 'settings';
}

function fromVariables(env: Environment): Override[] {
  return [...LEAVES.keys()].flatMap((path) => {
    const origin = variableOf(path);
    const value = env[origin];
    return value === undefined || value === '' ? [] : [{ origin, path, value }];
  });
}

function fromFlags({ socket, listen, stateDir, pinDir, logLevel, set = [] }: AgentOptions): Override[] {
  const named = [
    { origin: '--socket', path: 'socket', value: socket },
    { origin: '--listen', path: 'listen', value: listen },
    { origin: '--state-dir', path: 'stateDir', value: stateDir },
    { origin: '--pin-dir', path: 'pinDir', value: pinDir },
    { origin: '--log-level', path: 'log.level', value: logLevel },
  ].filter((flag): flag is Override => flag.value !== undefined);
  return [...named, ...set.map(fromAssignment)];
}

function fromAssignment(assignment: string): Override {
  const cut = assignment.indexOf('=');
  const origin = `--set ${assignment}`;
  if (cut <= 0)
    throw new WeirError('CONFIG', { file: origin, path: 'flag', problem: 'write it as key=value' });
  const path = assignment.slice(0, cut);
  if (LEAVES.has(path) || entryOf(path) !== undefined)
    return { origin, path, value: assignment.slice(cut + 1) };
  const problem = `unknown setting "${path}"${didYouMean(path, LEAVES.keys())}`;
  throw new WeirError('CONFIG', { file: '--set', path, problem });
}

/** A setting that is a mapping from names, and the name in it: `metrics.budgets.node_arp_entries`. */
function entryOf(path: string): { readonly mapping: string; readonly name: string } | undefined {
  for (const [mapping, { patternProperties }] of LEAVES)
    if (patternProperties !== undefined && path.startsWith(`${mapping}.`))
      return { mapping, name: path.slice(mapping.length + 1) };
  return undefined;
}

async function overridden(settings: Tree, path: string, value: string): Promise<Tree> {
  const entry = entryOf(path);
  if (entry === undefined) return withValue(settings, path, await readValue(path, value));
  const { mapping, name } = entry;
  const there = mapping
    .split('.')
    .reduce<unknown>((node, key) => (isTree(node) ? node[key] : undefined), settings);
  return withValue(settings, mapping, {
    ...(isTree(there) ? there : {}),
    [name]: await readValue(path, value),
  });
}

/** Text stays text; lists may be written with commas; everything else is YAML. */
async function readValue(path: string, value: string): Promise<unknown> {
  const entry = entryOf(path);
  const type = (entry === undefined ? LEAVES.get(path) : entriesOf(entry.mapping))?.type;
  if (type === undefined || type === 'string') return value;
  if (type === 'array' && !value.startsWith('[')) return value.split(',').map((part) => part.trim());
  const { parse } = await import('yaml');
  try {
    return parse(value) as unknown;
  } catch {
    return value;
  }
}

/** The schema of what a mapping from names holds. */
function entriesOf(mapping: string): SchemaNode | undefined {
  return Object.values(LEAVES.get(mapping)?.patternProperties ?? {})[0];
}

/** Read by others: the command line and the tests of this program. */
const OTHER_VARIABLES = new Set(['WEIR_CONFIG', 'WEIR_DEBUG']);

function unknownVariables(env: Environment): string[] {
  const known = [...LEAVES.keys()].map(variableOf);
  const odd = Object.keys(env).filter(
    (name) => name.startsWith('WEIR_') && !known.includes(name) && !OTHER_VARIABLES.has(name),
  );
  return odd.map((name) => `the variable ${name} is no setting${didYouMean(name, known)}`);
}
