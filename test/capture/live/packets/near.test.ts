import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  AT_ENDPOINT_COUNTS_PACKETS,
  NEAR_SLOTS,
  SIZE_ENDPOINT_COUNTS,
  SIZE_ENDPOINT_KEY,
  SIZE_NEAR_ENDPOINT,
  SIZE_NEAR_SERVICE,
} from '../../../../src/capture/layout.gen.ts';
import { EndpointTable } from '../../../../src/capture/live/packets/endpoints.ts';
import { ServiceTable, sideOf } from '../../../../src/capture/live/packets/services.ts';
import { formatIp } from '../../../../src/net/ip.ts';
import { loadPrivately, type PrivatePrograms } from '../../../support/packet-programs.ts';
import { type Bytes, ETHER, ethernet, ipv4, PROTO, tcp } from '../../../support/packets.ts';

const isRoot = process.getuid?.() === 0;
const syn = (src: string): Bytes =>
  ethernet(ETHER.ipv4, ipv4({ src, protocol: PROTO.tcp }, tcp({ dstPort: 80, flags: 'S' })));
const numbered = (i: number): string => `10.0.${i >> 8}.${i & 255}`;
/** Test runs say that packets come from the interface with this index. */
const INTERFACE = 1;
const IDLE = 10;

describe.skipIf(!isRoot)(`slots of packet counters ${isRoot ? '' : '(SKIP: needs root)'}`, () => {
  let programs: PrivatePrograms;
  let sources: EndpointTable;
  let services: ServiceTable;
  beforeEach(() => {
    programs = loadPrivately();
    sources = new EndpointTable(programs.object, 'sources');
    services = new ServiceTable(programs.object, programs.addon.possibleCpus());
  });
  afterEach(() => programs.close());

  const read = (): string[] =>
    sources
      .read()(sideOf(INTERFACE, false))
      .top.map(({ ip, packets }) => `${formatIp(ip)} ${packets}`);
  /** Entries of the hash table. */
  const hashed = (): number =>
    programs.object.mapLookupBatch(
      'tg_sources',
      new Uint8Array(20_000 * SIZE_ENDPOINT_KEY),
      new Uint8Array(20_000 * SIZE_ENDPOINT_COUNTS),
    );

  it('who comes first has a slot, who finds both taken is in the table: each is counted once, and exactly', () => {
    for (let i = 0; i < 6000; i++) programs.run('tg_xdp', syn(numbered(i)));
    const { seen } = sources.read()(sideOf(INTERFACE, false));
    expect(seen).toBe(6000);
    expect(hashed()).toBeGreaterThan(6000 - NEAR_SLOTS.ENDPOINTS);
    expect(sources.size).toBe(6000);
    programs.run('tg_xdp', syn(numbered(0)), 3);
    programs.run('tg_xdp', syn(numbered(5999)), 4);
    expect(read()).toEqual([`${numbered(5999)} 4`, `${numbered(0)} 3`]);
  });

  it('a slot is free again after a while of silence, and its next owner begins at nothing', () => {
    for (let i = 0; i < 20_000; i++) programs.run('tg_xdp', syn(numbered(i)));
    for (let window = 0; window <= IDLE; window++) sources.read();
    // That reading freed them; the next one looks.
    sources.read();
    expect(sources.size).toBeLessThanOrEqual(16_384 / 2);
    programs.run('tg_xdp', syn('203.0.113.9'), 7);
    const before = hashed();
    expect(read()).toEqual(['203.0.113.9 7']);
    expect(hashed()).toBe(before);
  });

  it('keeps its slot as long as it is heard of', () => {
    for (let window = 0; window < 3 * IDLE; window++) {
      programs.run('tg_xdp', syn('203.0.113.9'));
      expect(read()).toEqual(['203.0.113.9 1']);
    }
    expect([sources.size, hashed()]).toEqual([1, 0]);
  });

  it('an address in a slot and in the table is one address, with the sum', () => {
    programs.run('tg_xdp', syn('203.0.113.9'), 7);
    const memory = Buffer.from(programs.object.mapMemory('tg_near_sources'));
    const at = Array.from({ length: NEAR_SLOTS.ENDPOINTS }, (_, slot) => slot * SIZE_NEAR_ENDPOINT).find(
      (start) => memory[start + SIZE_ENDPOINT_KEY] !== 0,
    ) as number;
    const counts = Buffer.alloc(SIZE_ENDPOINT_COUNTS);
    counts.writeBigUInt64LE(5n, AT_ENDPOINT_COUNTS_PACKETS);
    programs.object.mapUpdate('tg_sources', memory.subarray(at, at + SIZE_ENDPOINT_KEY), counts, 0);
    const { seen, top } = sources.read()(sideOf(INTERFACE, false));
    expect([seen, top.map(({ packets }) => packets)]).toEqual([1, [12]]);
  });

  it('a service has a slot on each CPU: their sum is told', () => {
    programs.run('tg_xdp', syn('203.0.113.9'), 7);
    const memory = Buffer.from(programs.object.mapMemory('tg_near_services'));
    expect(memory.length).toBe(programs.addon.possibleCpus() * NEAR_SLOTS.SERVICES * SIZE_NEAR_SERVICE);
    const half = NEAR_SLOTS.SERVICES * SIZE_NEAR_SERVICE;
    const used = memory.findIndex((byte) => byte !== 0);
    const slot = used - (used % SIZE_NEAR_SERVICE);
    memory.copy(memory, (slot + half) % (2 * half), slot, slot + SIZE_NEAR_SERVICE);
    const passed = services.read().get(sideOf(INTERFACE, false))?.services;
    expect(passed).toMatchObject([{ protocol: 'tcp', port: 80, packets: 14, syn: 14, bytes: 14 * 54 }]);
  });

  it('slots go with their interface', () => {
    programs.run('tg_xdp', syn('203.0.113.9'), 7);
    sources.read();
    services.read();
    for (const table of [sources, services]) {
      table.removeInterface(INTERFACE);
      table.read();
      expect(table.size).toBe(0);
    }
    programs.run('tg_xdp', syn('203.0.113.9'), 2);
    expect(read()).toEqual(['203.0.113.9 2']);
  });
});
