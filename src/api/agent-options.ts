// SPDX-License-Identifier: Apache-2.0

/** What the command line hands to the agent. A flag wins over a `WEIR_*` variable, that over the settings file. */
export interface AgentOptions {
  /** Settings file; absent: `WEIR_CONFIG`, else /etc/weir/weir.yaml if it exists. */
  readonly config?: string;
  /** Key `socket`. */
  readonly socket?: string;
  /** Key `listen`: `host:port`, `[v6]:port`, or `none`. */
  readonly listen?: string;
  /** Key `stateDir`. */
  readonly stateDir?: string;
  /** Key `pinDir`. */
  readonly pinDir?: string;
  /** Key `log.level`. */
  readonly logLevel?: string;
  /** Any other key as `path.of.key=value`; the value is read as YAML. */
  readonly set?: readonly string[];
}

/**
 * Run the agent until it is told to stop.
 * @returns the exit code.
 * @throws {WeirError} `CONFIG`, `AGENT_RUNNING`, `LISTEN`, `NATIVE_ADDON` when it cannot start.
 */
export type RunAgent = (options: AgentOptions) => Promise<number>;
