// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Frames that arrive at a device while something else goes on. */
export interface FrameStream extends AsyncDisposable {
  /** @returns how many of each frame arrived. */
  stop(): Promise<number>;
}

/** Begin to let frames arrive; resolves when the first ones may. */
export async function frameStream(
  netns: string,
  ifindex: number,
  frames: readonly Uint8Array[],
): Promise<FrameStream> {
  const main = fileURLToPath(new URL('frame-stream-main.ts', import.meta.url));
  const hex = frames.map((one) => Buffer.from(one).toString('hex'));
  const child = spawn(process.execPath, [main, netns, String(ifindex), ...hex], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text));
  await once(child.stdout, 'data');
  return {
    async stop() {
      child.stdin.write('stop\n');
      await exit;
      return Number(output.trim().split('\n').at(-1));
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}
