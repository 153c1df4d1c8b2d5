import type { ConnectionEvent, ConnectionPhase, ProcessEvent } from '../../src/model/event.ts';
import type { IpAddress } from '../../src/model/ip-address.ts';
import type { Owner } from '../../src/model/process.ts';
import type { Engine } from '../../src/pipeline/engine.ts';
import { compileList } from '../../src/reputation/compiled-list.ts';
import { createLookup } from '../../src/reputation/lookup.ts';
import { parseList } from '../../src/reputation/parse-list.ts';
import { RESERVED_NETWORKS } from '../../src/reputation/reserved.ts';
import type { BenchContext, Benchmark, Outcome } from '../model.ts';
import { summarise } from '../statistics.ts';
import { longList } from '../support/long-list.ts';
import { BASE_MS, createSyntheticEngine } from '../support/synthetic-engine.ts';

const PROCESSES = 64;
const PHASES: readonly ConnectionPhase[] = ['attempted', 'established', 'closed'];
const LOCAL: IpAddress = { family: 4, w0: 0, w1: 0, w2: 0, w3: 0x0a_00_00_02 };

/** Traffic by the peer of the n-th connection. */
const TRAFFIC: Readonly<Record<string, (index: number) => number>> = {
  'nothing to report': (index) => 0x0a_01_00_00 + (index & 0xffff),
  'one listed peer, merged': () => 0xc6_12_00_00,
  'a listed peer and an alert each': (index) => 0xc6_12_00_00 + 2 * index,
};

export const detect: Benchmark = {
  name: 'detect',
  title: 'Events through the pipeline',
  work:
    'Attempted, established and closed events of 64 known processes through enrichment, all detectors (external egress on, ' +
    '100,000 list entries), combination, merging and a sink that formats JSON lines and forgets them; one thread, no kernel.',
  compares:
    'traffic without a finding, with one alert and many merged findings, and with an alert for every connection.',
  live: false,
  run: async ({ quick, say }: BenchContext) => measure(quick ? 3 : 7, quick ? 5_000 : 20_000, say),
};

function ownerOf(index: number): Owner {
  const pid = 1000 + (index % PROCESSES);
  return { pid, parentPid: 1, uid: 0, startNs: pid * 1000, execId: pid * 1000, comm: 'worker', cgroupId: 1 };
}

function execOf(index: number): ProcessEvent {
  const path = '/usr/sbin/worker';
  return {
    kind: 'process',
    action: 'exec',
    timeMs: BASE_MS,
    owner: ownerOf(index),
    filename: path,
    executablePath: path,
    args: [path, '--serve'],
  };
}

function connectionOf(index: number, phase: ConnectionPhase, peer: number): ConnectionEvent {
  return {
    kind: 'connection',
    phase,
    // 20 connections a millisecond: all of a round fall into one merge window.
    timeMs: BASE_MS + index / 20,
    transport: 'tcp',
    role: 'client',
    local: { ip: LOCAL, port: 20_000 + (index % 40_000) },
    remote: { ip: { family: 4, w0: 0, w1: 0, w2: 0, w3: peer }, port: 443 },
    socketId: index + 1,
    owner: ownerOf(index),
    attribution: 'socket',
    process: undefined,
    workload: undefined,
  };
}

function measure(rounds: number, connections: number, say: (text: string) => void): Outcome {
  const list = compileList(parseList(longList(), { role: 'block' }), { name: 'long' });
  const reputation = createLookup({ block: [list], allow: [], guard: RESERVED_NETWORKS });
  const raw: Record<string, number[]> = Object.fromEntries(
    Object.keys(TRAFFIC).map((name) => [`${name}, events/s`, []]),
  );
  // The first round only warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const [name, peerOf] of Object.entries(TRAFFIC)) {
      const rate = rateOf(eventsOf(peerOf, connections), createSyntheticEngine(reputation));
      if (round > 0) raw[`${name}, events/s`]?.push(rate);
    }
  }
  say(`${rounds} rounds`);
  const rows = Object.keys(TRAFFIC).map((name) => ({
    label: name,
    unit: 'events/s',
    ...summarise(raw[`${name}, events/s`] ?? []),
  }));
  return { rows, raw };
}

function eventsOf(peerOf: (index: number) => number, connections: number): readonly ConnectionEvent[] {
  return Array.from({ length: connections }, (_, index) =>
    PHASES.map((phase) => connectionOf(index, phase, peerOf(index))),
  ).flat();
}

function rateOf(events: readonly ConnectionEvent[], engine: Engine): number {
  for (let index = 0; index < PROCESSES; index++) engine.handle(execOf(index));
  const began = performance.now();
  for (const event of events) engine.handle(event);
  const seconds = (performance.now() - began) / 1000;
  if (engine.counters.handled !== events.length + PROCESSES)
    throw new Error('events were lost in the pipeline');
  return events.length / seconds;
}
