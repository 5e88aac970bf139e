// SPDX-License-Identifier: Apache-2.0
// The thread that loads telemetry and ends: what it opened stays open, as descriptors are the process's.
import { parentPort, workerData } from 'node:worker_threads';
import { loadTelemetry } from './load-telemetry.ts';
import type { LoadRequest } from './messages.ts';

parentPort?.postMessage(loadTelemetry(workerData as LoadRequest));
