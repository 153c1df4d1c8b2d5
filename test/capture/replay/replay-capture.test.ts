import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCapture } from '../../../src/capture/pcap/read-capture.ts';
import {
  type ReplayOptions,
  type ReplaySummary,
  replayCapture,
} from '../../../src/capture/replay/replay-capture.ts';
import { BEGIN_NS, pcap, type TimedPacket } from '../../support/capture-files.ts';
import { type Bytes, ETHER, ethernet, ipv4, PROTO, text, udp } from '../../support/packets.ts';
import { BEGIN_MS } from './harness.ts';

const script = fileURLToPath(new URL('../../../scripts/make-captures.ts', import.meta.url));
const MIXED_PACKETS = 20_000;

interface Told {
  readonly lines: readonly string[];
  readonly summary: ReplaySummary;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-replay-'));
  execFileSync(process.execPath, [script, folder, '--packets', `${MIXED_PACKETS}`]);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function replay(name: string): Promise<Told> {
  const lines: string[] = [];
  const seconds: number[] = [];
  const summary = await replayCapture(readCapture(join(folder, name)), {
    isInternal: () => false,
    onConnection: (event) => lines.push(JSON.stringify(event)),
    openStream: ({ socketId }) => ({
      data: (side, bytes) => lines.push(`${socketId} ${side} ${Buffer.from(bytes).toString('latin1')}`),
      gap: (side, length) => lines.push(`${socketId} ${side} gap ${length}`),
      end: (timeMs, reset) => lines.push(`${socketId} end ${timeMs} ${reset}`),
    }),
    onDatagram: ({ socketId }, side, bytes, timeMs) =>
      lines.push(`${socketId} ${side} ${bytes.length} ${timeMs}`),
    onSecond: (nowMs) => seconds.push(nowMs),
  });
  const whole = seconds.map((ms) => Math.floor(ms / 1000));
  expect([whole.length > 0, new Set(whole).size]).toEqual([true, whole.length]);
  return { lines, summary };
}

const phases = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => {
    const [, phase, reason = ''] = /"phase":"(\w+)".*?(?:"reason":"(\w+)"|$)/.exec(line) ?? [];
    return phase === undefined ? [] : [reason === '' ? phase : `${phase}:${reason}`];
  });

describe('frames that are not decoded', () => {
  const frame = (ms: number, bytes: Bytes): TimedPacket => ({
    bytes,
    timeNs: BEGIN_NS + BigInt(ms) * 1_000_000n,
  });
  const datagram = frame(0, ethernet(ETHER.ipv4, ipv4({ protocol: PROTO.udp }, udp({}, text('x')))));
  const arp = (ms: number): TimedPacket => frame(ms, ethernet(0x0806, new Uint8Array(28)));

  async function take(packets: readonly TimedPacket[], linkType = 1) {
    const told: string[] = [];
    const options: ReplayOptions = {
      isInternal: () => false,
      onConnection: ({ phase, timeMs }) => told.push(`${phase} ${timeMs - BEGIN_MS}`),
      openStream: () => undefined,
      onDatagram: () => undefined,
      onSecond: (nowMs) => told.push(`second ${nowMs - BEGIN_MS}`),
      onPacketRate: ({ timeMs, total }) => told.push(`${total.packets} until ${timeMs - BEGIN_MS}`),
    };
    async function* file() {
      yield pcap(packets, { linkType });
    }
    const summary = await replayCapture(readCapture(file()), options);
    return { told, summary };
  }

  test('bring the time forward like any other', async () => {
    const { told, summary } = await take([datagram, arp(500), arp(1500), arp(90_000)]);
    expect(told).toEqual([
      'second 0',
      'attempted 0',
      '2 until 1000',
      'second 1500',
      '1 until 2000',
      'second 90000',
      'closed 60000',
      '1 until 91000',
    ]);
    expect(summary.endMs).toBe(BEGIN_MS + 90_000);
    expect(summary.linkTypes.size).toBe(0);
  });

  test('are counted by link type', async () => {
    const { summary } = await take([datagram, arp(1)], 127);
    expect([...summary.linkTypes]).toEqual([[127, 2]]);
    expect(summary.packets).toMatchObject({ packets: 2, linkType: 2 });
  });
});

describe('the captures that scripts/make-captures.ts writes', () => {
  test('every form of the same session gives the same', async () => {
    const { lines, summary } = await replay('session.pcap');
    expect(summary.problem).toBeUndefined();
    expect(summary.packets).toMatchObject({ packets: 17, tcp: 15, udp: 2 });
    expect(phases(lines)).toEqual([
      'attempted',
      'attempted',
      'established',
      'closed:closed',
      'closed:unknown',
    ]);
    const forms = readdirSync(folder).filter((name) => name.startsWith('session') && !name.includes('cut'));
    expect(forms).toHaveLength(6);
    for (const name of forms) expect((await replay(name)).lines).toEqual(lines);
  });

  test('cut: what is there is told, then the place', async () => {
    const { lines, summary } = await replay('session-cut.pcap');
    expect(lines.length).toBeGreaterThan(10);
    expect(summary.problem).toEqual({
      byteOffset: expect.any(Number) as number,
      reason: expect.stringContaining('ends') as string,
    });
  });

  test('trouble', async () => {
    const { lines, summary } = await replay('trouble.pcap');
    expect(phases(lines).filter((phase) => phase.includes(':'))).toEqual([
      'failed:refused',
      'closed:reset',
      'closed:closed',
      'failed:refused',
      'closed:unknown',
    ]);
    expect(summary.flows).toMatchObject({ flows: 5, gaps: 1, gapBytes: 300, icmpErrors: 1 });
  });

  test('encapsulations', async () => {
    const { summary } = await replay('encapsulations.pcap');
    expect(summary.packets).toMatchObject({ packets: 8, tcp: 8, tunneled: 4 });
    expect(summary.flows.flows).toBe(8);
  });

  test('mixed: every packet is accounted for, twice the same', async () => {
    const first = await replay('mixed.pcap');
    const { packets, flows, problem } = first.summary;
    const { tcp, udp, icmp, notIp } = packets;
    expect([packets.packets, tcp + udp + icmp + notIp, flows.packets, problem]).toEqual([
      MIXED_PACKETS,
      MIXED_PACKETS,
      MIXED_PACKETS - notIp,
      undefined,
    ]);
    expect(flows).toMatchObject({ outOfWindow: 0, evicted: 0, timeReversals: 0, active: 0 });
    for (const count of [flows.gaps, flows.strays, flows.icmpErrors, packets.tunneled])
      expect(count).toBeGreaterThan(0);
    expect((await replay('mixed.pcap')).lines).toEqual(first.lines);
  });
});
