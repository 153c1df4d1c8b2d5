import { setTimeout as delay } from 'node:timers/promises';
import { EXIT, TelegenError } from '../model/errors.ts';
import type { Talkers } from '../telemetry/aggregate/talkers.ts';
import { safe } from '../telemetry/export/pretty.ts';
import { type AgentPlace, askAgent } from './agent.ts';
import type { PacketsReport } from './metrics/packets-report.ts';

export interface TopCommand extends AgentPlace {
  readonly once?: boolean;
  readonly format: 'text' | 'json';
  /** Seconds between two looks. */
  readonly interval: number;
}

/** Rows of each list on a screen. */
const ROWS = 5;
const HOME_AND_CLEAR = '\u001b[H\u001b[2J';

/** `telegen top`: who sends how much over which interface, out of the running agent. */
export async function top(command: TopCommand): Promise<number> {
  for (;;) {
    const report = await askAgent(command, '/api/v1/status', packetsOf);
    if (report === undefined)
      throw new TelegenError(
        'TELEGEN_AGENT',
        'the agent does not watch packets; set agent.network.xdp.enabled to true',
      );
    const text = command.format === 'json' ? `${JSON.stringify(report)}\n` : topText(report);
    const isScreen = process.stdout.isTTY === true && command.once !== true && command.format === 'text';
    process.stdout.write(isScreen ? HOME_AND_CLEAR + text : text);
    if (command.once === true) return EXIT.ok;
    await delay(command.interval * 1000);
  }
}

function packetsOf(answer: unknown): PacketsReport | undefined {
  const { packets } = answer as { packets?: PacketsReport };
  if (packets === undefined) return undefined;
  return { ...packets, interfaces: [...packets.interfaces], windows: [...packets.windows] };
}

/** The report as a screen of text. */
export function topText({ interfaces, windows }: PacketsReport): string {
  const attached = interfaces.map(({ name, inbound = 'not seen', outbound = 'not seen' }) =>
    safe(`${name} (in: ${inbound}, out: ${outbound})`),
  );
  const busy = windows.filter(({ packets }) => packets > 0);
  const blocks = busy.length === 0 ? ['no packets in the last window'] : busy.map(block);
  return `${[`watching ${attached.join('; ') || 'no interface'}`, ...blocks].join('\n\n')}\n`;
}

function block(each: Talkers): string {
  const { packets_per_second: packets, bits_per_second: bits, sources_seen: seen } = each;
  const head = `${safe(each.interface)} ${each.direction}  ${figure(packets)} packets/s  ${figure(bits)} bit/s  ${seen} sources  ${each.syn} SYN  ${each.rst} RST`;
  const ends = (title: string, list: Talkers['sources']): string[] =>
    rows(title, list, ({ ip, ...counts }) => [ip, counts.packets, counts.bytes]);
  return [
    head,
    ...rows('service', each.services, (service) => [
      service.port === 0 ? service.protocol : `${service.protocol}/${service.port}`,
      service.packets,
      service.bytes,
    ]),
    ...ends('source', each.sources),
    ...ends('destination', each.destinations),
    ...rows('process', each.senders, ({ name, pid, ...counts }) => [
      `${safe(name)} (${pid})`,
      counts.packets,
      counts.bytes,
    ]),
  ].join('\n');
}

type Cells = readonly [name: string, packets: number, bytes: number];

function rows<T>(title: string, list: readonly T[], cells: (item: T) => Cells): string[] {
  return list.slice(0, ROWS).map((item, place) => {
    const [name, packets, bytes] = cells(item);
    const label = place === 0 ? title : '';
    return `  ${label.padEnd(12)} ${name.padEnd(40)} ${figure(packets).padStart(9)} packets ${figure(bytes).padStart(9)} bytes`;
  });
}

const UNITS = ['', 'k', 'M', 'G', 'T'];

/** Three figures and a unit: `1.53M`. */
export function figure(value: number): string {
  let scaled = value;
  let power = 0;
  // 999,600 would be rounded to 1000k.
  while (scaled >= 999.5 && power < UNITS.length - 1) {
    scaled /= 1000;
    power += 1;
  }
  const digits = power === 0 || scaled >= 99.95 ? String(Math.round(scaled)) : scaled.toPrecision(3);
  return `${digits}${UNITS[power]}`;
}
