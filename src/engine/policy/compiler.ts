// SPDX-License-Identifier: Apache-2.0
import { objectId } from '../../model/object.ts';
import type { Diagnostic } from '../../plan/plan.ts';
import { PolicyCompiler } from '../../policy/compile/compiler.ts';
import type { PolicySizes } from '../../policy/compiled.ts';
import { endpointWarnings, policyWarnings } from '../../policy/hygiene.ts';
import { OVERLONG, type PolicyProblem, policyErrors } from '../../policy/problems.ts';
import { lockOutWarnings } from './lock-out.ts';
import type { Examined, PolicyLogic } from './ports.ts';

/** Records that are kept free for the rules that keep the node reachable. */
const RESERVED: PolicySizes = {
  endpoints: 0,
  v4: 512,
  v6: 64,
  peers: 1_024,
  sets: 64,
  ports: 2_048,
  verdicts: 256,
  rules: 64,
  counters: 64,
};

const WHAT: Readonly<Record<keyof PolicySizes, string>> = {
  endpoints: 'endpoints',
  v4: 'IPv4 prefixes',
  v6: 'IPv6 prefixes',
  peers: 'different peers in rules',
  sets: 'different sets of rules',
  ports: 'ranges of ports in rules',
  verdicts: 'different decisions',
  rules: 'rules',
  counters: 'rules that count',
};

const tooManyFlags: Diagnostic = {
  severity: OVERLONG.severity,
  code: OVERLONG.code,
  message: OVERLONG.message,
};

/** Warnings that one plan shows. */
const MOST_WARNINGS = 100;

/** What ids of policies begin with. */
const POLICY = objectId('', 'policy', '');
const ENDPOINT = objectId('', 'endpoint', '');

/** The pure layer, as the host uses it. */
export const policyLogic: PolicyLogic = {
  compiler: (kept) => new PolicyCompiler(kept),
  errors: (about) => [
    ...capacity(about),
    ...problems(about),
    ...(about.compiled.overlong ? [tooManyFlags] : []),
  ],
  warnings: (about) => [...warnings(about), ...sharedDevices(about), ...lockOutWarnings(about)],
};

/** What would be full: nothing of such a policy is loaded. */
function* capacity({ compiled, limits }: Examined): Generator<Diagnostic> {
  for (const name of Object.keys(WHAT) as (keyof PolicySizes)[]) {
    const most = limits[name] - RESERVED[name];
    if (compiled.sizes[name] > most)
      yield {
        severity: 'error',
        code: 'POLICY_CAPACITY',
        message: `there are too many ${WHAT[name]}: they take ${compiled.sizes[name]} records and ${most} are free; take some out, or raise the setting policy.capacity.${name}`,
      };
  }
}

/** A device is of one endpoint: the first by name. Patterns are looked at when their devices are there. */
function* sharedDevices({ world, changed }: Examined): Generator<Diagnostic> {
  if (![...changed].some((id) => id.startsWith(ENDPOINT))) return;
  const owners = new Map<string, string>();
  for (const { key, netns = '', devices } of [...world.endpoints.values()].sort((a, b) =>
    a.key < b.key ? -1 : 1,
  ))
    for (const device of devices) {
      const place = `${netns} ${device}`;
      const owner = owners.get(place);
      const id = objectId('', 'endpoint', key);
      if (owner === undefined) owners.set(place, key);
      else if (changed.has(id) || changed.has(objectId('', 'endpoint', owner)))
        yield {
          severity: 'warning',
          code: 'POLICY_DEVICE_TAKEN',
          message: `the device ${device} is of the endpoint ${owner}: as one of ${key} nothing is judged; name it in one of the two`,
          id,
        };
    }
}

function problems({ world, changed }: Examined): readonly Diagnostic[] {
  const isSetGone = [...changed].some((id) => id.startsWith('cidr-set '));
  return policyErrors(world, isSetGone ? undefined : keysOf(changed, POLICY)).map(diagnosticOf);
}

/** What is allowed and yet hardly meant, of what changes. */
function warnings({ world, compiled, changed }: Examined): readonly Diagnostic[] {
  const found = [
    ...policyWarnings(world, keysOf(changed, POLICY), compiled.relations),
    ...endpointWarnings(world, keysOf(changed, ENDPOINT)),
  ];
  return found.slice(0, MOST_WARNINGS).map(diagnosticOf);
}

function keysOf(changed: ReadonlySet<string>, prefix: string): readonly string[] {
  return [...changed].flatMap((id) => (id.startsWith(prefix) ? [id.slice(prefix.length)] : []));
}

function diagnosticOf({ severity, code, message, class: name, key }: PolicyProblem): Diagnostic {
  return { severity, code, message, id: objectId('', name, key) };
}
