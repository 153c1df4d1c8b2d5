import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BpfObject, BUILD_DIR, loadAddon } from '../../../src/capture/addon.ts';
import * as layout from '../../../src/capture/layout.gen.ts';
import { UdpFlows } from '../../../src/capture/live/udp-flows.ts';
import type { ConnectionEvent } from '../../../src/model/event.ts';

const isRoot = process.getuid?.() === 0;
const SECOND_NS = 1e9;
const MINUTE_NS = 60 * SECOND_NS;
/** The kernel's clock in these tests. */
const NOW_NS = 1e15;
const CAPACITY = 4;

function conversation(socketId: number, port: number): ConnectionEvent {
  return {
    kind: 'connection',
    phase: 'attempted',
    timeMs: 1000,
    transport: 'udp',
    role: 'client',
    local: { ip: { family: 4, w0: 0, w1: 0, w2: 0, w3: 0xc0000202 }, port: 40_000 },
    remote: { ip: { family: 6, w0: 0x20010db8, w1: 1, w2: 2, w3: 3 }, port },
    socketId,
    owner: undefined,
    attribution: 'socket',
    process: undefined,
    workload: undefined,
  };
}

/** Key of the kernel's map, written independently of the code under test. */
function keyOf({ socketId, remote }: ConnectionEvent): Buffer {
  const key = Buffer.alloc(layout.SIZE_UDP_KEY);
  key.writeBigUInt64LE(BigInt(socketId), layout.AT_UDP_KEY_COOKIE);
  const { w0, w1, w2, w3 } = remote.ip;
  for (const [index, word] of [w0, w1, w2, w3].entries())
    key.writeUInt32LE(word, layout.AT_UDP_KEY_REMOTE_IP + 4 * index);
  key.writeUInt16LE(remote.port, layout.AT_UDP_KEY_REMOTE_PORT);
  return key;
}

describe.skipIf(!isRoot)(`UdpFlows over the kernel’s own map ${isRoot ? '' : '(SKIP: needs root)'}`, () => {
  let object: BpfObject;
  let flows: UdpFlows;
  let told: ConnectionEvent[];

  beforeEach(() => {
    object = new (loadAddon().BpfObject)(`${BUILD_DIR}/bpf/core.bpf.o`);
    object.resizeMap('tg_events', 4096);
    object.load();
    told = [];
    flows = new UdpFlows(object, CAPACITY, (event) => told.push(event));
  });
  afterEach(() => object.close());

  /** Counts as the kernel does: `size` bytes and 1 datagram sent, twice that received, over 250 ms unless told. */
  function count(event: ConnectionEvent, size: number, lastNs = NOW_NS, forNs = 250e6): void {
    const value = Buffer.alloc(layout.SIZE_UDP_FLOW);
    value.writeBigUInt64LE(BigInt(lastNs - forNs), layout.AT_UDP_FLOW_FIRST_NS);
    value.writeBigUInt64LE(BigInt(lastNs), layout.AT_UDP_FLOW_LAST_NS);
    value.writeBigUInt64LE(BigInt(size), layout.AT_UDP_FLOW_BYTES_SENT);
    value.writeBigUInt64LE(BigInt(2 * size), layout.AT_UDP_FLOW_BYTES_RECEIVED);
    value.writeBigUInt64LE(1n, layout.AT_UDP_FLOW_PACKETS_SENT);
    value.writeBigUInt64LE(2n, layout.AT_UDP_FLOW_PACKETS_RECEIVED);
    object.mapUpdate('tg_udp_flows', keyOf(event), value, 0);
  }
  const inKernel = (event: ConnectionEvent): boolean =>
    object.mapLookup('tg_udp_flows', keyOf(event)) !== undefined;
  const summary = (): unknown[] =>
    told.map((event) => [event.socketId, event.remote.port, event.reason, event.stats?.bytesSent]);

  function open(socketId: number, port: number, size: number, lastNs = NOW_NS): ConnectionEvent {
    const event = conversation(socketId, port);
    flows.opened(event);
    count(event, size, lastNs);
    return event;
  }

  it('end with their socket, with the kernel’s counters, which are then removed', () => {
    const first = open(1, 53, 10);
    const second = open(1, 54, 20);
    const other = open(2, 53, 30);
    flows.socketClosed(1, 2000);
    expect(told[0]).toEqual({
      ...first,
      phase: 'closed',
      timeMs: 2000,
      reason: 'closed',
      stats: {
        bytesSent: 10,
        bytesReceived: 20,
        segmentsSent: 1,
        segmentsReceived: 2,
        retransmits: 0,
        rttUs: 0,
        minRttUs: 0,
        durationMs: 250,
      },
    });
    expect(summary()).toEqual([
      [1, 53, 'closed', 10],
      [1, 54, 'closed', 20],
    ]);
    expect([first, second, other].map(inKernel)).toEqual([false, false, true]);
    expect(flows.size).toBe(1);
  });

  it('end after a minute of silence, not before', () => {
    const silent = open(1, 1, 1, NOW_NS - MINUTE_NS - SECOND_NS);
    const quiet = open(1, 2, 2, NOW_NS - MINUTE_NS + SECOND_NS);
    const busy = open(2, 3, 3, NOW_NS);
    flows.sweep(NOW_NS, 5000);
    expect(summary()).toEqual([[1, 1, 'idle', 1]]);
    expect(told[0]).toMatchObject({ phase: 'closed', timeMs: 5000 });
    expect([silent, quiet, busy].map(inKernel)).toEqual([false, true, true]);
    expect(flows.size).toBe(2);
    flows.sweep(NOW_NS + 2 * MINUTE_NS, 6000);
    expect(flows.size).toBe(0);
    flows.socketClosed(1, 7000);
    expect(told).toHaveLength(3);
  });

  it('that the kernel has forgotten end without counters, and nobody knows why', () => {
    const gone = open(1, 1, 1);
    object.mapDelete('tg_udp_flows', keyOf(gone));
    flows.sweep(NOW_NS, 5000);
    expect(told[0]).toMatchObject({ phase: 'closed', reason: 'unknown' });
    expect(told[0]).not.toHaveProperty('stats');
  });

  it('that the kernel forgot and began anew are still one conversation', () => {
    open(1, 1, 1);
    open(1, 1, 7);
    expect(flows.size).toBe(1);
    flows.socketClosed(1, 2000);
    expect(summary()).toEqual([[1, 1, 'closed', 7]]);
  });

  it('are never more than the capacity: one that has been silent ends, with its counters', () => {
    for (let port = 1; port <= CAPACITY; port++) open(1, port, port);
    flows.opened(conversation(2, 1));
    expect(flows.size).toBe(CAPACITY);
    expect(told).toHaveLength(1);
    const [ended] = told;
    expect(ended).toMatchObject({ phase: 'closed', reason: 'unknown' });
    expect(ended?.stats?.bytesSent).toBe(ended?.remote.port);
    for (let port = 1; port <= 3 * CAPACITY; port++) open(100, port, 1);
    expect(flows.size).toBe(CAPACITY);
    expect(told).toHaveLength(1 + 3 * CAPACITY);
  });

  it('that go on stay, and those that fell silent make way', () => {
    const once = (socketId: number, port: number, lastNs: number): ConnectionEvent => {
      const event = conversation(socketId, port);
      flows.opened(event);
      count(event, 1, lastNs, 0);
      return event;
    };
    const [one, two] = Array.from({ length: CAPACITY }, (_, i) => once(1, i + 1, NOW_NS));
    const busy = [one, two] as ConnectionEvent[];
    for (let round = 1; round <= 3 * CAPACITY; round++) {
      const nowNs = NOW_NS + round * SECOND_NS;
      for (const event of busy) count(event, 1, nowNs);
      once(2, round, nowNs);
      expect(busy.map(inKernel)).toEqual([true, true]);
    }
    flows.socketClosed(1, 2000);
    const ports = told.filter(({ reason }) => reason === 'closed').map(({ remote }) => remote.port);
    expect(ports).toEqual(expect.arrayContaining([1, 2]));
  });

  it('of a socket with many peers cost as much each as of one with few', () => {
    let lookups = 0;
    const counting = {
      mapLookup: (map: string, key: Uint8Array) => {
        lookups++;
        return object.mapLookup(map, key);
      },
    } as unknown as BpfObject;
    const many = new UdpFlows(counting, 100_000, () => undefined);
    for (let port = 1; port <= 50_000; port++) many.opened(conversation(1, port));
    expect([many.size, lookups]).toEqual([50_000, 0]);
  });

  it('of a socket that is not known end nothing', () => {
    flows.socketClosed(12_345, 1);
    flows.sweep(NOW_NS, 1);
    expect([told, flows.size]).toEqual([[], 0]);
  });
});
