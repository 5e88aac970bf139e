// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { policyLogic } from '../../engine/policy/compiler.ts';
import { PolicyEnforcer } from '../../engine/policy/enforcer.ts';
import { PolicyHost } from '../../engine/policy/host.ts';
import { managementPolicies } from '../../engine/policy/management.ts';
import { PolicyNotes } from '../../engine/policy/notes.ts';
import { PrefixFiles } from '../../engine/policy/prefix-files.ts';
import { createPolicyDatapath } from '../../kernel/bpf/policy/datapath.ts';
import type { EngineSettings } from './messages.ts';
import type { OpenNamespaces } from './open-namespaces.ts';

/** The compiled programs. */
const OBJECT = fileURLToPath(new URL('../../../ebpf/build/policy.bpf.o', import.meta.url));

/** The host of network policy that the settings ask for. Nothing is loaded by it. */
export function createPolicyHost(
  { stateDir, pinDir, policy }: EngineSettings,
  open: OpenNamespaces,
  warn: (problem: string) => void,
): PolicyHost {
  const datapath = createPolicyDatapath({ pinDir, object: () => readFileSync(OBJECT) });
  const files = new PrefixFiles();
  return new PolicyHost({
    enforcer: new PolicyEnforcer(datapath),
    logic: policyLogic,
    notes: new PolicyNotes(join(stateDir, 'policy.db')),
    limits: policy.limits,
    xdp: policy.xdp,
    open: (netns) => open.open(netns),
    refresh: () => open.refresh(),
    prefixes: (set) => files.prefixes(set),
    addresses: ({ netns, device }) => (netns === '' ? addressesOf(device) : []),
    management: (peers) => managementPolicies(policy.management, peers),
    warn,
  });
}

function addressesOf(device: string): readonly string[] {
  return (networkInterfaces()[device] ?? []).map(({ address }) => address);
}
