// SPDX-License-Identifier: Apache-2.0
import { pcapSource } from './pcap-source.ts';
import type { CaptureSource } from './port.ts';
import { ringSource } from './ring-source.ts';

/** By name, the preferred one first. */
export const CAPTURE_SOURCES: readonly CaptureSource[] = [pcapSource, ringSource];
