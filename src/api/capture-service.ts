// SPDX-License-Identifier: Apache-2.0
import type { CaptureList, CaptureReport, CaptureRequest } from '../model/capture.ts';
import type { Caller } from './change-service.ts';
import type { Target } from './target.ts';

/** A capture that is on its way to whoever asked for it. */
export interface CaptureOutput {
  readonly id: string;
  /**
   * The file as it is captured, or lines of JSON, each with its newline. Taken as fast as they are asked for; ended by the
   * end of the capture.
   */
  readonly parts: AsyncGenerator<Uint8Array, void>;
}

/** Looking into the traffic of a node. */
export interface CaptureService {
  /**
   * Begin a capture. Without files the packets are the answer: as a capture file (pcapng), or with `lines` each as a
   * CapturedPacket, and at last a CaptureReport. With files the answer is a CaptureReport every second in any case, or just
   * one where it is detached. `signal` says that the client has gone, which ends what is not detached.
   * @throws {WeirError} `CAPTURE_FILTER`, `VALUE`, `FILE`, `CAPTURE_SPACE`, `TOO_MANY`, `KERNEL_PERMISSION`.
   */
  capture(
    target: Target,
    request: CaptureRequest,
    options: { readonly lines: boolean; readonly caller: Caller; readonly signal: AbortSignal },
  ): Promise<CaptureOutput>;
  /** Those that run, and the last that ended. */
  captures(target: Target): Promise<CaptureList>;
  /** End one. @returns what became of it, once its files are whole. @throws {WeirError} `NOT_FOUND`. */
  stopCapture(target: Target, id: string, caller: Caller): Promise<CaptureReport>;
}
