// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';
import { Command, Option } from 'commander';
import { WeirError } from '../../base/errors.ts';
import type { CapturedPacket, CaptureList, CaptureReport, CaptureRequest } from '../../model/capture.ts';
import {
  type CaptureFlags,
  rateOf,
  requestOf,
  STANDARD_OUTPUT,
  sizeOf,
  split,
  wholeOf,
} from '../capture/request.ts';
import { CAPTURE_COLUMNS, summaryOf } from '../capture/show.ts';
import type { AgentClient } from '../client.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { renderTable } from '../output/table.ts';
import { printable } from '../output/text.ts';

const PCAPNG = 'application/x-pcapng';
const LINES = 'application/x-ndjson';
const CAPTURES = '/v1/captures';

const EXAMPLES = `
Examples:
  weir capture eth0 'tcp port 443'                     one line for each packet
  weir capture eth0 edge/eth1 -w - | wireshark -k -i - two devices, one of another namespace
  weir capture eth0 -w web.pcapng --rotate-size 100M --files 5 --detach
  weir capture eth0 -w flap.pcapng --trigger carrier   with what came before
`;

/** `weir capture`: look into the traffic. */
export function captureCommand(deps: CliDeps): Command {
  const command = new Command('capture')
    .description('capture packets of devices')
    .argument('<words...>', "devices (eth0, or NETNS/eth0), then a filter: 'tcp port 443'")
    .usage("[options] DEVICE... ['FILTER']")
    .addHelpText('after', EXAMPLES)
    .enablePositionalOptions();
  for (const option of options()) command.addOption(option);
  command.action((words: string[], flags: CaptureFlags) => capture(contextOf(deps, command), words, flags));
  command.addCommand(listCommand(deps)).addCommand(stopCommand(deps));
  return command;
}

function options(): readonly Option[] {
  const size = (flags: string, text: string) => new Option(flags, text).argParser(sizeOf);
  const whole = (flags: string, text: string) => new Option(flags, text).argParser(wholeOf);
  return [
    new Option('-w, --write <file>', "write a file in the agent's folder of captures (- is standard output)"),
    new Option('-f, --filter <filter>', 'filter as of tcpdump, also without blanks: -f icmp'),
    whole('-c, --count <packets>', 'end after so many packets (default: 1000000)'),
    size('--bytes <size>', 'end after so many bytes (default: 100M)'),
    whole('--seconds <seconds>', 'end after this time (default: 600)'),
    whole('-s, --snap-length <bytes>', 'bytes of each packet that are kept (default: 262144)'),
    new Option('--direction <direction>', 'only what is received or sent').choices(['in', 'out', 'both']),
    whole('--sampling <n>', 'only one packet of so many, by chance'),
    new Option('--promiscuous', 'also frames that are for others'),
    new Option('--drops', 'also packets that the kernel drops there, with the reason as comment'),
    new Option('--source <source>', 'where packets come from').choices(['auto', 'pcap', 'ring']),
    size('--rotate-size <size>', 'begin another file at this size'),
    whole('--rotate-seconds <seconds>', 'begin another file after this time'),
    whole('--files <n>', 'files that are kept, the last ones (default: 10)'),
    new Option('--detach', 'leave it to the agent; see `weir capture list` and `stop`'),
    new Option('--trigger <condition>', 'begin when it happens: drops, drops:REASON, carrier, retransmits'),
    new Option('--trigger-rate <n>', 'when it happens more often in a second').argParser(rateOf),
    new Option('--trigger-device <device>', 'where it happens (default: the devices that are captured)'),
    size('--before <size>', 'what is kept of the time before (default: 4M)'),
    whole('--within <seconds>', 'how long it is waited for (default: 86400)'),
  ];
}

function listCommand(deps: CliDeps): Command {
  const command = new Command('list').description('captures that run, and the last that ended');
  return command.action(async () => {
    const context = contextOf(deps, command);
    const list = await context.withAgent((agent) => agent.get<CaptureList>(CAPTURES));
    await context.document(list, () => renderTable(CAPTURE_COLUMNS, list.items, context.paint));
  });
}

function stopCommand(deps: CliDeps): Command {
  const command = new Command('stop')
    .description('end a capture; its files stay')
    .argument('<id>', 'as `list` shows it');
  return command.action(async (id: string) => {
    const context = contextOf(deps, command);
    const report = await context.withAgent((agent) => stop(agent, id));
    await context.document(report, () => summaryOf(report));
  });
}

function stop(agent: AgentClient, id: string): Promise<CaptureReport> {
  return agent.delete<CaptureReport>(`${CAPTURES}/${encodeURIComponent(id)}`);
}

async function capture(context: Context, words: readonly string[], flags: CaptureFlags): Promise<void> {
  await context.withAgent(async (agent) => {
    const request = requestOf(await split(agent, words, flags), flags);
    if (flags.write === STANDARD_OUTPUT) await toStandardOutput(context, agent, request);
    else await lines(context, agent, request);
  });
}

async function toStandardOutput(
  context: Context,
  agent: AgentClient,
  request: CaptureRequest,
): Promise<void> {
  const { out, deps } = context;
  if (deps.stdout.isTTY)
    throw new WeirError('USAGE', { problem: 'a capture file does not belong on a terminal; name a file' });
  const { headers, parts } = await agent.stream(CAPTURES, PCAPNG, request);
  const id = String(headers['weir-capture']);
  await untilInterrupted(agent, id, async () => {
    for await (const part of parts) await out.write(part);
  });
  const { items } = await agent.get<CaptureList>(CAPTURES);
  const report = items.find((item) => item.id === id);
  if (report !== undefined) deps.stderr.write(summaryOf(report));
}

/** Packets in words, or how far the writing of files is. */
async function lines(context: Context, agent: AgentClient, request: CaptureRequest): Promise<void> {
  const { headers, parts } = await agent.stream(CAPTURES, LINES, request);
  let last: CaptureReport | undefined;
  await untilInterrupted(agent, String(headers['weir-capture']), async () => {
    for await (const portion of linesOf(parts)) {
      const packets = portion.filter(isPacket);
      last = portion.findLast((line): line is CaptureReport => !isPacket(line)) ?? last;
      if (request.file === undefined)
        await context.out.write(packets.map((one) => packetText(context, one)).join(''));
    }
  });
  if (last === undefined) return;
  const summary = last.state === 'ended' ? summaryOf(last) : `capture ${last.id} is ${last.state}\n`;
  if (request.file !== undefined) await context.document(last, () => summary);
  else context.deps.stderr.write(summary);
}

type Line = CapturedPacket | CaptureReport;

function isPacket(line: Line): line is CapturedPacket {
  return 'text' in line;
}

/** As they come: many at once when many came. */
async function* linesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Line[], void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of parts) {
    const texts = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = texts.pop() ?? '';
    if (texts.length > 0) yield texts.map((text) => JSON.parse(text) as Line);
  }
}

function packetText({ output, paint }: Context, packet: CapturedPacket): string {
  if (output !== 'table') return `${JSON.stringify(packet)}\n`;
  const { time, device, direction, text, comment } = packet;
  const way = direction === undefined ? '' : ` ${direction === 'in' ? 'In ' : 'Out'}`;
  const said = comment === undefined ? [] : [{ text: `  # ${printable(comment)}`, tone: 'warn' } as const];
  const body = { text: ` ${printable(device)}${way} ${printable(text)}` };
  return `${paint([{ text: time.slice(11, -1), tone: 'dim' }, body, ...said])}\n`;
}

/** ^C ends the capture, not its output: what was captured until then still comes. A second one ends all. */
async function untilInterrupted(agent: AgentClient, id: string, work: () => Promise<void>): Promise<void> {
  const interrupt = () => void stop(agent, id).catch(() => {});
  process.once('SIGINT', interrupt);
  try {
    await work();
  } finally {
    process.off('SIGINT', interrupt);
  }
}
