/**
 * Writes docs/packet-rate.svg: a made-up day of requests with a crowd, a flood and a ramp, as the real detector sees it.
 * `node scripts/plot-packet-rate.ts [--check]`
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Judge } from '../src/detectors/packet-rate/judge.ts';
import { look, sensitivityOf } from '../src/detectors/packet-rate/scope.ts';
import {
  OPTIONS,
  poisson,
  random,
  requests,
  synFlood,
  together,
} from '../test/detectors/packet-rate/windows.ts';
import { packetRate } from '../test/support/packet-events.ts';

const FILE = fileURLToPath(new URL('../docs/packet-rate.svg', import.meta.url));
const HOURS = 24;
const SECONDS = HOURS * 3_600;
const STEP = 120;
const BOX = { width: 960, height: 360, left: 64, right: 12, top: 16, bottom: 44 } as const;
const TOP = 4_000;
const LOWEST = 5;

interface Point {
  readonly second: number;
  readonly rate: number;
  readonly level: number;
  readonly threshold: number;
}
interface Mark {
  readonly second: number;
  readonly text: string;
  readonly isStart: boolean;
}

/** What comes in a second: an ordinary day, a crowd at 10:00, a flood at 15:00, a ramp at 20:00. */
function traffic(second: number, next: () => number) {
  const usual = 20 + 60 * (1 - Math.cos((2 * Math.PI * (second - 3 * 3_600)) / SECONDS));
  const hour = second / 3_600;
  const calm = requests(poisson(usual, next));
  if (hour >= 10 && hour < 10.25) return { services: [requests(usual + 1_500)], sources: 1_200 };
  if (hour >= 15 && hour < 15.25) return { services: together(calm, synFlood(2_000)), sources: 2_000 };
  if (hour >= 20 && hour < 20.5)
    return { services: together(calm, synFlood((second - 20 * 3_600) * 0.8)), sources: 900 };
  return { services: [calm], sources: 30 };
}

function watchDay(): { points: Point[]; marks: Mark[] } {
  const next = random(3);
  const sensitivity = sensitivityOf(OPTIONS);
  const points: Point[] = [];
  const marks: Mark[] = [];
  const first = packetRate([], { timeMs: 0 });
  const judge = new Judge(first, { options: OPTIONS, opposite: () => undefined, counters: { services: 0 } });
  for (let second = 0; second < SECONDS; second++) {
    const { services, sources } = traffic(second, next);
    const event = packetRate(services, { timeMs: (second + 1) * 1_000, sourcesSeen: sources });
    for (const { reason, attributes } of judge.window(event)) {
      const phase = attributes['telegen.rate.phase'];
      if (phase !== 'update')
        marks.push({ second, text: `${reason} ${String(phase)}`, isStart: phase === 'start' });
    }
    const scope = [...judge.site.scopes.values()].find(({ name }) => name === 'tcp/80');
    if (scope === undefined || second % STEP !== 0) continue;
    const rate = event.total.syn;
    const rates = { packets: 0, syn: rate, udp: 0, icmp: 0, small: 0 };
    const { thresholds } = look(scope, rates, OPTIONS, sensitivity);
    points.push({ second, rate, level: scope.baselines.get('syn')?.level ?? 0, threshold: thresholds.syn });
  }
  return { points, marks };
}

const x = (second: number): number =>
  Math.round((BOX.left + (second / SECONDS) * (BOX.width - BOX.left - BOX.right)) * 10) / 10;
const y = (rate: number): number => {
  const share = Math.log(Math.max(LOWEST, rate) / LOWEST) / Math.log(TOP / LOWEST);
  return Math.round((BOX.height - BOX.bottom - share * (BOX.height - BOX.bottom - BOX.top)) * 10) / 10;
};

function line(points: readonly Point[], of: (point: Point) => number, style: string): string {
  return `<polyline fill="none" ${style} points="${points.map((point) => `${x(point.second)},${y(of(point))}`).join(' ')}"/>`;
}

function axes(): string[] {
  const rates = [10, 100, 1_000].map(
    (rate) =>
      `<line x1="${BOX.left}" x2="${BOX.width - BOX.right}" y1="${y(rate)}" y2="${y(rate)}" stroke="#ddd"/>` +
      `<text x="${BOX.left - 6}" y="${y(rate) + 4}" text-anchor="end">${rate}</text>`,
  );
  const hours = [0, 4, 8, 12, 16, 20, 24].map(
    (hour) =>
      `<text x="${x(hour * 3_600)}" y="${BOX.height - BOX.bottom + 16}" text-anchor="middle">${hour}:00</text>`,
  );
  return [...rates, ...hours];
}

function markText({ second, text, isStart }: Mark, index: number): string {
  const colour = isStart ? '#b00020' : '#555';
  const height = BOX.top + 12 + (index % 2) * 14;
  return (
    `<line x1="${x(second)}" x2="${x(second)}" y1="${BOX.top}" y2="${BOX.height - BOX.bottom}" stroke="${colour}" stroke-dasharray="2 3"/>` +
    `<text x="${x(second) + (isStart ? -4 : 4)}" y="${height}" text-anchor="${isStart ? 'end' : 'start'}" fill="${colour}">${text}</text>`
  );
}

function legend(): string[] {
  const rows = [
    ['#4477aa', 'SYN/s to tcp/80'],
    ['#228833', 'baseline'],
    ['#ee7733', 'threshold'],
  ] as const;
  return rows.map(([colour, text], index) => {
    const left = BOX.left + index * 150;
    return `<rect x="${left}" y="${BOX.height - 16}" width="18" height="4" fill="${colour}"/><text x="${left + 24}" y="${BOX.height - 10}">${text}</text>`;
  });
}

function plot(): string {
  const { points, marks } = watchDay();
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${BOX.width} ${BOX.height}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...axes(),
    line(points, ({ threshold }) => threshold, 'stroke="#ee7733" stroke-width="1.2"'),
    line(points, ({ rate }) => rate, 'stroke="#4477aa" stroke-width="1"'),
    line(points, ({ level }) => level, 'stroke="#228833" stroke-width="1.6"'),
    ...marks.map(markText),
    ...legend(),
    '</svg>',
    '',
  ].join('\n');
}

const svg = plot();
if (!process.argv.includes('--check')) writeFileSync(FILE, svg);
else if (readFileSync(FILE, 'utf8') !== svg) {
  console.error('docs/packet-rate.svg is not what the detector gives: run node scripts/plot-packet-rate.ts');
  process.exitCode = 1;
}
