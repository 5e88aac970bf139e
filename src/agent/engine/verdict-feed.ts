// SPDX-License-Identifier: Apache-2.0
import type { VerdictEntry } from '../../api/policy-service.ts';
import type { VerdictLine, VerdictQuery } from '../../api/schemas/policies.ts';
import type { Feed } from '../../api/service.ts';

interface Follower {
  readonly query: VerdictQuery;
  readonly deliver: (event: VerdictEntry) => void;
}

/** Sampled verdicts for any number of followers. They are read while there is one, and cost nothing while there is none. */
export class VerdictFeed {
  readonly #watch: (on: boolean) => Promise<unknown>;
  readonly #followers = new Set<Follower>();
  #last = 0;

  constructor(watch: (on: boolean) => Promise<unknown>) {
    this.#watch = watch;
  }

  async follow(query: VerdictQuery, deliver: (event: VerdictEntry) => void): Promise<Feed> {
    const follower = { query, deliver };
    this.#followers.add(follower);
    try {
      await this.#watch(true);
    } catch (error) {
      this.#followers.delete(follower);
      throw error;
    }
    return { close: () => this.#leave(follower) };
  }

  deliver(lines: readonly VerdictLine[]): void {
    for (const body of lines) {
      const event = { id: String(++this.#last), body, json: JSON.stringify(body) };
      for (const { query, deliver } of this.#followers) if (fits(query, body)) deliver(event);
    }
  }

  #leave(follower: Follower): void {
    if (!this.#followers.delete(follower) || this.#followers.size > 0) return;
    // an engine that is gone reads nothing
    this.#watch(false).catch(() => {});
  }
}

function fits({ endpoint, policy, verdict }: VerdictQuery, line: VerdictLine): boolean {
  return (
    (endpoint === undefined || endpoint === line.endpoint || `default/${endpoint}` === line.endpoint) &&
    (policy === undefined ||
      policy === line.policy ||
      `Policy/${policy}` === line.policy ||
      policy === line.audit) &&
    (verdict === undefined || verdict === line.verdict)
  );
}
