// SPDX-License-Identifier: Apache-2.0
import { churn } from './churn.ts';
import { drops } from './drops.ts';
import { flows } from './flows.ts';
import { queueing } from './queueing.ts';
import { tcp } from './tcp.ts';
import type { TelemetryProgram } from './telemetry-program.ts';

/** Every telemetry program. A new one is a folder in `ebpf/`, a file here and one line. */
export const TELEMETRY: readonly TelemetryProgram[] = [drops, tcp, queueing, flows, churn];
