// SPDX-License-Identifier: Apache-2.0

/** How one kind of failure presents itself to a person, to HTTP and to a shell. */
export interface ErrorKind {
  /** Message with `{placeholders}` filled from the error's details. It says what, where and how to fix it. */
  readonly template: string;
  /** HTTP status. */
  readonly status: number;
  /** Process exit code: 1 error, 2 usage, 4 rolled back; of `weir lab exec` 126 and 127 as shells use them. */
  readonly exit: 1 | 2 | 4 | 126 | 127;
  /** True when the same call may succeed later without any change by the caller. */
  readonly retryable: boolean;
}

const usage = (template: string): ErrorKind => ({ template, status: 400, exit: 2, retryable: false });
const failure = (template: string, status = 500, retryable = false): ErrorKind => ({
  template,
  status,
  exit: 1,
  retryable,
});

/**
 * Every error that Weir reports, in one place. The code is stable: programs match on it, never on the text.
 */
export const ERRORS = {
  // wire
  DECODE: failure('{path}: {problem} (at byte {offset})'),
  ENCODE: failure('{path}: {problem}'),
  // kernel
  KERNEL: failure('{operation}: {errnoName}{detail}'),
  KERNEL_PERMISSION: failure('{operation}: {errnoName}: the agent lacks {right}', 500),
  KERNEL_TIMEOUT: failure('{operation}: the kernel did not answer within {seconds} s', 503, true),
  TRANSPORT_CLOSED: failure('the netlink socket is closed: {operation} was not sent', 503, true),
  TRANSPORT_UNSUPPORTED: failure('{transport} cannot {operation}', 501),
  DUMP_INTERRUPTED: failure(
    '{operation}: the kernel changed during the dump (attempts: {attempts})',
    503,
    true,
  ),
  NATIVE_ADDON: failure('the native addon could not be loaded from {path}: {problem}; run `npm run setup`'),
  NO_DATA: failure('{what} is not available{problem}', 404),
  // eBPF
  BPF_OBJECT: {
    template: 'the eBPF object cannot be used: {problem}',
    status: 422,
    exit: 1,
    retryable: false,
  },
  BPF_VERIFIER: {
    template: 'the kernel refuses the eBPF program {program}: {problem}',
    status: 422,
    exit: 1,
    retryable: false,
  },
  BPF_BUSY: failure('{hook} of {dev} is taken by the program {program}: {problem}', 409),
  BPF_FEATURE: failure('{feature} is not available: {problem}', 501),
  // input
  USAGE: usage('{problem}'),
  CONFIG: usage('{file}: {path}: {problem}'),
  VALUE: usage('{what}: {problem}'),
  NOT_FOUND: { template: 'no {what} named "{name}"{hint}', status: 404, exit: 1, retryable: false },
  // api
  UNAUTHENTICATED: failure('{problem}: send a bearer token or a client certificate', 401),
  FORBIDDEN: failure('{who} has the role {have}, {action} needs {need}', 403),
  REQUEST_INVALID: failure('{where}: {problem}', 400),
  METHOD_NOT_ALLOWED: failure('{method} is not allowed on {path}, use {allowed}', 405),
  ROUTE_NOT_FOUND: failure('there is nothing at {path}{hint}', 404),
  BODY_TOO_LARGE: failure('the body has more than {limit} bytes', 413),
  REQUEST_TIMEOUT: failure('the request was not complete within {seconds} s', 408, true),
  HEADERS_TOO_LARGE: failure('the request line and headers have more than {limit} bytes', 431),
  TOO_MANY: failure('there are already {limit} {what}: close one first', 429, true),
  MEDIA_TYPE: failure('content type {got} is not understood, send {want}', 415),
  BUSY: failure('{what} is busy: {problem}', 503, true),
  INTERNAL: failure('internal error: {problem}', 500),
  // declaring and changing
  DOCUMENT: failure('{count} in the documents: {first}', 400),
  PLAN_REFUSED: failure('the plan has {count}: {first}', 409),
  LOCKED: failure('{holder} is changing this node ({phase}){until}', 409, true),
  REVISION_MISMATCH: failure('the current revision is {current}, not {given}: plan again', 412),
  NOTHING_TO_CONFIRM: failure('{problem}', 409),
  ROLLED_BACK: { ...failure('{error}; everything is as it was before', 422), exit: 4 },
  ROLLBACK_FAILED: { ...failure('{error}; undoing it failed too: {leftovers}'), exit: 4 },
  TRIAL: failure('{what} cannot be tried: {problem}', 409),
  PROBE: failure('{what}: {problem}', 503, true),
  POLICY_DISAGREES: failure(
    'the attached program says {program} where the documents say {model} ({where}): please report this',
  ),
  JOURNAL: failure('journal {file}: {problem}'),
  // capturing
  CAPTURE_FILTER: usage('filter "{filter}": {problem}'),
  CAPTURE_SPACE: failure('{path}: {problem}', 507),
  // agent and cli
  AGENT_UNREACHABLE: failure('no agent answers on {socket}: {problem}', 503, true),
  AGENT_RUNNING: failure('another agent already listens on {socket}', 409),
  LISTEN: failure('cannot listen on {address}: {problem}'),
  FILE: failure('cannot write {path}: {problem}'),
  OUTPUT: failure('cannot write to the standard output: {problem}'),
  LAB: failure('lab: {problem}'),
  PROGRAM_NOT_FOUND: { ...failure('there is no program {name}', 404), exit: 127 },
  PROGRAM_NOT_EXECUTABLE: { ...failure('{name} cannot be executed: {problem}', 403), exit: 126 },
} as const satisfies Record<string, ErrorKind>;

/** A stable code from the catalogue. */
export type ErrorCode = keyof typeof ERRORS;

/** Values that fill the template. They travel to clients, so they never hold secrets. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | undefined>>;

/** One mistake in something that was given, and where it is. */
export interface PlacedProblem {
  /** Dotted path: `spec.routes.3.dst`. */
  readonly path: string;
  /** What is wrong and how to mend it. */
  readonly problem: string;
  /** `Kind/name` of the document. */
  readonly document?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** What goes with an error besides its details. */
export interface WeirErrorOptions {
  readonly cause?: unknown;
  readonly problems?: readonly PlacedProblem[];
}

/** The one error class. `details` fill the catalogue's template; `cause` keeps what lay behind it. */
export class WeirError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  /** Each thing that is wrong, where one error speaks of several. */
  readonly problems: readonly PlacedProblem[];

  constructor(code: ErrorCode, details: ErrorDetails = {}, options: WeirErrorOptions = {}) {
    super(fill(ERRORS[code].template, details), options);
    this.problems = options.problems ?? [];
    this.name = 'WeirError';
    this.code = code;
    this.details = details;
  }

  /** The catalogue's entry for this error. */
  get kind(): ErrorKind {
    return ERRORS[this.code];
  }
}

/** True when `error` is a WeirError, of `code` if one is given. */
export function isWeirError(error: unknown, code?: ErrorCode): error is WeirError {
  return error instanceof WeirError && (code === undefined || error.code === code);
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (_, key: string) => String(details[key] ?? ''));
}
