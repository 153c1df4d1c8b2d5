import { execFileSync, spawn } from 'node:child_process';
import { closeSync, createWriteStream, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { mixedTraffic } from '../../test/support/traffic/mixed.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { summarise } from '../statistics.ts';
import { undoLater } from '../support/cleanup.ts';
import { longList } from '../support/long-list.ts';

const TELEGEN = fileURLToPath(new URL('../../bin/telegen', import.meta.url));
/** All detectors; every connection of the capture goes to an external address. */
const CONFIG = 'agent: {network: {security: {blocklists: [long.txt], external_connection_alerts: true}}}\n';
/** What telegen's events tell of each packet's conversation, as far as tshark has it. */
const FIELDS =
  'frame.time_epoch ip.src ip.dst ipv6.src ipv6.dst tcp.srcport tcp.dstport udp.srcport udp.dstport tcp.stream ' +
  'dns.qry.name dns.qry.type dns.flags.rcode dns.a dns.aaaa dns.time http.request.method http.host http.request.uri ' +
  'http.response.code http2.headers.method http2.headers.path http2.headers.status grpc.message_length ' +
  'tls.handshake.extensions_server_name tls.handshake.extensions_alpn_str';

export const replay: Benchmark = {
  name: 'replay',
  title: 'Replaying a capture',
  work:
    'bin/telegen replay on a generated capture (test/support/traffic: TLS, HTTP/1, HTTP/2, gRPC, QUIC, DNS over UDP and TCP, ' +
    'IPv4, IPv6, a VLAN, VXLAN, refusals, losses; 1,000 conversations at a time, 780 bytes a packet, 70 exchanges of DNS, TLS, ' +
    'HTTP or gRPC for each 1,000 packets), with all protocols and detectors (100,000 list entries; external egress on, so every connection is a finding), as a program from start to end. "on one core": ' +
    'packets by processor time, user and system, of all threads.',
  compares:
    'judging alone (summary), judging and writing every event as a JSON line to a file, and tshark -T fields with the same ' +
    'fields and tcpdump -v (a line or more for each packet) on the first part of the same capture, in turns.',
  live: false,
  run: async ({ quick, say }: BenchContext) => measure(quick ? 1 : 2, quick ? 300_000 : 2_000_000, say),
};

interface Leg {
  /** Packets per second, by the clock and by processor time. */
  readonly rate: number;
  readonly core: number;
  readonly residentMb: number;
}

interface Run {
  readonly command: string;
  readonly args: readonly string[];
  readonly packets: number;
}

const NAMES = ['judged', 'written', 'tshark', 'tcpdump'] as const;
type Name = (typeof NAMES)[number];
const OURS = { judged: true, written: true };

async function measure(rounds: number, packets: number, say: (text: string) => void): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'telegen-bench-replay-'));
  const remove = undoLater(async () => rmSync(folder, { recursive: true, force: true }));
  const [large, small] = [join(folder, 'mixed.pcap'), join(folder, 'part.pcap')];
  await pipeline(mixedTraffic(packets), createWriteStream(large));
  await pipeline(mixedTraffic(packets / 10), createWriteStream(small));
  writeFileSync(join(folder, 'long.txt'), longList());
  writeFileSync(join(folder, 'telegen.yaml'), CONFIG);
  const config = ['-c', join(folder, 'telegen.yaml')];
  const tshark = { command: 'tshark', args: tsharkArgs(small), packets: packets / 10 };
  const runs: Record<Name, Run> = {
    judged: { command: TELEGEN, args: ['replay', ...config, '--output', 'summary', large], packets },
    written: {
      command: TELEGEN,
      args: ['replay', ...config, '--output', 'jsonl', '--events', 'all', large],
      packets,
    },
    tshark,
    tcpdump: { command: 'tcpdump', args: ['-n', '-v', '-r', small], packets: packets / 10 },
  };
  const names = NAMES.filter((name) => name in OURS || isInstalled(name));
  for (const name of NAMES) if (!names.includes(name)) say(`${name} is not installed: it is left out`);
  const legs: Record<Name, Leg[]> = { judged: [], written: [], tshark: [], tcpdump: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of names) legs[name].push(await leg(runs[name], join(folder, 'out')));
    say(`round ${round + 1} of ${rounds}`);
  }
  await remove();
  return outcome(legs);
}

function tsharkArgs(file: string): string[] {
  const fields = FIELDS.split(' ').flatMap((field) => ['-e', field]);
  // Other ports than telegen's by content: gRPC and HTTP/2 without TLS must be named to tshark.
  const decode = ['-d', 'tcp.port==50051,http2', '-d', 'tcp.port==8000,http2'];
  return ['-n', '-r', file, ...decode, '-T', 'fields', ...fields];
}

function isInstalled(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const TIME_LINE = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) (\d+)$/m;

/** One run under time(1), which tells processor time and the largest resident size. */
function leg({ command, args, packets }: Run, outFile: string): Promise<Leg> {
  const out = openSync(outFile, 'w');
  const child = spawn('/usr/bin/time', ['-f', '%e %U %S %M', command, ...args], {
    stdio: ['ignore', out, 'pipe'],
  });
  closeSync(out);
  let told = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    told += bytes.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const [, seconds = 0, user = 0, system = 0, kilobytes = 0] = (TIME_LINE.exec(told) ?? []).map(Number);
      if (code !== 0 || seconds === 0) reject(new Error(`${command} failed (${code}): ${told}`));
      else
        resolve({ rate: packets / seconds, core: packets / (user + system), residentMb: kilobytes / 1000 });
    });
  });
}

function outcome({ judged, written, tshark, tcpdump }: Readonly<Record<Name, Leg[]>>): Outcome {
  const of = (legs: readonly Leg[], figure: keyof Leg): number[] => legs.map((each) => each[figure]);
  const row = (label: string, unit: string, samples: readonly number[]): Row => ({
    label,
    unit,
    ...summarise(samples),
  });
  const times = (legs: readonly Leg[]): number[] =>
    legs.map(({ core }, i) => core / (tshark[i]?.core ?? Number.NaN));
  const rows: Row[] = [
    {
      ...row('judged, on one core', 'packets/s', of(judged, 'core')),
      target: { sense: '>=', value: 700_000 },
    },
    row('judged', 'packets/s', of(judged, 'rate')),
    row('judged: peak resident memory', 'MB', of(judged, 'residentMb')),
    row('every event written, on one core', 'packets/s', of(written, 'core')),
    row('every event written', 'packets/s', of(written, 'rate')),
    row('every event written: peak resident memory', 'MB', of(written, 'residentMb')),
  ];
  if (tshark.length > 0) {
    rows.push(
      row('tshark, on one core', 'packets/s', of(tshark, 'core')),
      row('tshark', 'packets/s', of(tshark, 'rate')),
      {
        ...row('every event written / tshark, on one core', '', times(written)),
        target: { sense: '>=', value: 20 },
      },
    );
  }
  if (tcpdump.length > 0) rows.push(row('tcpdump -v, on one core', 'packets/s', of(tcpdump, 'core')));
  const legs = { judged, written, tshark, tcpdump };
  const raw = Object.entries(legs).flatMap(([name, list]) =>
    (['rate', 'core', 'residentMb'] as const).map(
      (figure) => [`${name} ${figure}`, of(list, figure)] as const,
    ),
  );
  return { rows, raw: Object.fromEntries(raw) };
}
