import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PacketSettings } from '../../src/capture/live/packets/settings.ts';
import type { PacketRateEvent, ProbeEvent } from '../../src/model/packets.ts';
import type { PacketReport } from './packet-child.ts';
import { NO_FILTER } from './packet-programs.ts';
import { type Program, packetSource } from './programs.ts';
import type { Place, Sandbox } from './sandbox.ts';

const CHILD = fileURLToPath(new URL('./packet-child.ts', import.meta.url));

/** A packet capture inside a sandbox's namespace, and everything that it has told so far. */
export interface PacketWatch {
  readonly windows: readonly PacketRateEvent[];
  readonly probes: readonly ProbeEvent[];
  readonly messages: readonly string[];
  /** The latest report. */
  readonly now: PacketReport;
  readonly tick: () => Promise<PacketReport>;
  /** Ticks until the condition holds. */
  readonly until: (condition: () => boolean, what: string) => Promise<void>;
  /** Sums of one interface and direction over all windows so far: `tcp/80` by packets. */
  readonly services: (name: string, direction: 'inbound' | 'outbound') => Readonly<Record<string, number>>;
  /** The same of everything that passed. */
  readonly packets: (name: string, direction: 'inbound' | 'outbound') => number;
  close(): Promise<void>;
}

export interface PacketWatchOptions {
  readonly settings?: Partial<PacketSettings>;
  /** Whose outbound packets get their process. */
  readonly cgroup?: string;
  readonly namespace?: 'inside' | 'outside';
}

export async function watchPackets(
  sandbox: Sandbox,
  { settings = {}, cgroup, namespace = 'inside' }: PacketWatchOptions = {},
): Promise<PacketWatch> {
  const argv = [process.execPath, CHILD, JSON.stringify({ ...NO_FILTER, ...settings })];
  const place: Place = { cgroup: 'none', namespace };
  const child = sandbox.start(cgroup === undefined ? argv : [...argv, cgroup], place);
  return follow(child, await reportOf(child));
}

async function reportOf(child: Program): Promise<PacketReport> {
  return JSON.parse(await child.line()) as PacketReport;
}

const MAX_TICKS = 2_000;

function follow(child: Program, first: PacketReport): PacketWatch {
  let now = first;
  const windows: PacketRateEvent[] = [...first.windows];
  const probes: ProbeEvent[] = [...first.probes];
  const messages: string[] = [...first.messages];
  const tick = async (): Promise<PacketReport> => {
    child.go();
    now = await reportOf(child);
    windows.push(...now.windows);
    probes.push(...now.probes);
    messages.push(...now.messages);
    return now;
  };
  const of = (name: string, direction: string): PacketRateEvent[] =>
    windows.filter((event) => event.interface === name && event.direction === direction);
  return {
    windows,
    probes,
    messages,
    get now() {
      return now;
    },
    tick,
    async until(condition, what) {
      for (let i = 0; !condition(); i++) {
        if (i === MAX_TICKS)
          throw new Error(
            `waited in vain for ${what}; ${JSON.stringify(windows.flatMap(({ services }) => services))} ${messages.join('\n')} ${JSON.stringify(now)}`,
          );
        await new Promise((resolve) => setTimeout(resolve, 10));
        await tick();
      }
    },
    services(name, direction) {
      const sums: Record<string, number> = {};
      for (const event of of(name, direction))
        for (const { protocol, port, packets } of event.services)
          sums[`${protocol}/${port}`] = (sums[`${protocol}/${port}`] ?? 0) + packets;
      return sums;
    },
    packets: (name, direction) => of(name, direction).reduce((sum, { total }) => sum + total.packets, 0),
    close: () => child.kill(),
  };
}

/** Frames, and how often each is sent. */
export type Load = readonly (readonly [frame: Uint8Array, count: number])[];

let loads = 0;

/** Sends frames from one namespace to the other, over their wire; exactly as often as asked. */
export async function sendFrames(
  sandbox: Sandbox,
  load: Load,
  {
    namespace = 'outside',
    link = 'wire',
  }: { readonly namespace?: 'inside' | 'outside'; readonly link?: string } = {},
): Promise<number> {
  const file = `${sandbox.folder}/frames-${loads++}`;
  writeFileSync(
    file,
    load.map(([frame, count]) => `${count} ${Buffer.from(frame).toString('hex')}\n`).join(''),
  );
  const program = sandbox.start([packetSource(), link, file], { cgroup: 'none', namespace });
  return Number((await program.end()).trim());
}
