// SPDX-License-Identifier: Apache-2.0
import type { VerdictLine } from '../../api/schemas/policies.ts';
import { renderIp } from '../../base/ip.ts';
import type { PolicyHost } from '../../engine/policy/host.ts';
import { IP_PROTOCOLS } from '../../model/names/ip-protocols.ts';
import type { RuleOrigin } from '../../policy/compiled.ts';
import { hasPorts } from '../../policy/frame.ts';
import {
  POLICY_ACTION,
  POLICY_DIRECTION,
  POLICY_REASON,
  type PolicyEvent,
} from '../../programs/generated/policy.ts';

/** IPv4 addresses stand in IPv6 form. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Hands the sampled verdicts on in words, while somebody wants them. */
export class VerdictLines {
  readonly #host: PolicyHost;
  readonly #deliver: (lines: readonly VerdictLine[]) => void;
  #reading: { close(): void } | undefined;
  #wanted = false;

  constructor(host: PolicyHost, deliver: (lines: readonly VerdictLine[]) => void) {
    this.#host = host;
    this.#deliver = deliver;
    host.onUpdate(() => this.#read());
  }

  watch(on: boolean): void {
    this.#wanted = on;
    this.#read();
  }

  /** There is nothing to read while no policy is in force. */
  #read(): void {
    const reads = this.#wanted && this.#host.world !== undefined;
    if (!reads) {
      this.#reading?.close();
      this.#reading = undefined;
    } else
      this.#reading ??= this.#host.follow((events) => {
        const time = new Date().toISOString();
        this.#deliver(events.map((event) => this.#lineOf(event, time)));
      });
  }

  #lineOf(event: PolicyEvent, time: string): VerdictLine {
    const { compiled } = this.#host;
    const { rule, auditRule, endpoint, protocol, length: bytes } = event;
    const audit = auditRule === rule ? undefined : compiled?.rule(auditRule)?.origin;
    const isIngress = event.direction === POLICY_DIRECTION.INGRESS;
    const local = { address: event.local, port: event.localPort };
    const remote = { address: event.remote, port: event.remotePort };
    const [from, to] = isIngress ? [remote, local] : [local, remote];
    return {
      kind: 'verdict',
      time,
      endpoint: this.#host.endpointOf(endpoint) ?? String(endpoint),
      direction: isIngress ? 'ingress' : 'egress',
      verdict: verdictOf(event.action),
      ...namesOf(compiled?.rule(rule)?.origin),
      ...(audit?.policy && { audit: audit.policy }),
      reason: reasonOf(event.reason),
      protocol: IP_PROTOCOLS[protocol] ?? String(protocol),
      from: addressText(from.address),
      to: addressText(to.address),
      ...(hasPorts(protocol) && { sourcePort: from.port, port: to.port }),
      bytes,
    };
  }
}

function namesOf(origin: RuleOrigin | undefined): { policy?: string; rule?: string } {
  if (origin === undefined || origin.policy === '') return {};
  return { policy: origin.policy, rule: origin.name ?? String(origin.index) };
}

function verdictOf(action: number): VerdictLine['verdict'] {
  if (action === POLICY_ACTION.ALLOW) return 'allow';
  return action === POLICY_ACTION.REJECT ? 'reject' : 'deny';
}

function reasonOf(reason: number): string {
  return Object.entries(POLICY_REASON).find(([, number]) => number === reason)?.[0] ?? String(reason);
}

function addressText(bytes: Uint8Array): string {
  return renderIp(MAPPED.every((byte, i) => bytes[i] === byte) ? bytes.slice(12) : bytes);
}
