import { type BpfObject, BUILD_DIR, loadAddon } from '../../src/capture/addon.ts';
import { serviceMapSizes } from '../../src/capture/live/packets/services.ts';
import { type PacketSettings, packetConstants } from '../../src/capture/live/packets/settings.ts';
import { readPacketStats } from '../../src/capture/live/packets/stats.ts';
import { PacketWindows } from '../../src/capture/live/packets/windows.ts';
import type { PacketRateEvent } from '../../src/model/packets.ts';
import { address, type Bytes } from './packets.ts';

export const NO_FILTER: PacketSettings = {
  include: [],
  exclude: [],
  mode: 'auto',
  ports: [],
  protocols: [],
  sampleRate: 0,
};

export type PacketProgram = 'tg_xdp' | 'tg_tc_ingress' | 'tg_tc_egress';

/** In test runs the kernel says that packets come from loopback (XDP: from whatever device it takes). */
const TEST_INDEX = 1;

/** The packet programs, loaded and attached to nothing: frames are run through them. */
export interface PrivatePrograms {
  readonly object: BpfObject;
  readonly addon: ReturnType<typeof loadAddon>;
  readonly run: (program: PacketProgram, frame: Bytes, repeat?: number) => void;
  /** What has passed since the last call, in one direction. */
  readonly window: (direction?: 'inbound' | 'outbound') => PacketRateEvent;
  readonly stats: () => ReturnType<typeof readPacketStats>;
  /** Says that this address is the host's. */
  readonly own: (ip: string) => void;
  close(): void;
}

export function loadPrivately(settings: Partial<PacketSettings> = {}): PrivatePrograms {
  const addon = loadAddon();
  const object = new addon.BpfObject(`${BUILD_DIR}/bpf/xdp.bpf.o`);
  for (const [name, value] of Object.entries(packetConstants({ ...NO_FILTER, ...settings })))
    object.setConstant(name, value);
  for (const [map, entries] of Object.entries(serviceMapSizes(addon.possibleCpus())))
    object.resizeMap(map, entries);
  object.load();
  const windows = new PacketWindows(object, addon.possibleCpus());
  const side = { name: 'test', index: TEST_INDEX };
  windows.addInterface(side);
  return {
    object,
    addon,
    run(program, frame, repeat = 1) {
      const { result } = object.testRun(program, frame, repeat);
      const pass = program === 'tg_xdp' ? 2 : -1;
      if (result !== pass) throw new Error(`${program} gave ${result}, which is not "pass"`);
    },
    window(direction = 'inbound') {
      const events = windows.read([side], { timeMs: 0, intervalMs: 1000 });
      return (events.find((event) => event.direction === direction) ??
        emptyWindow(direction)) as PacketRateEvent;
    },
    stats: () => readPacketStats(object),
    own(ip) {
      const bytes = address(ip);
      const words = new Uint32Array(4);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const count = bytes.length / 4;
      for (let i = 0; i < count; i++) words[4 - count + i] = view.getUint32(i * 4);
      object.mapUpdate('tg_local_addresses', new Uint8Array(words.buffer), new Uint8Array(4), 0);
    },
    close: () => object.close(),
  };
}

function emptyWindow(direction: 'inbound' | 'outbound'): Partial<PacketRateEvent> {
  return { direction, services: [], sources: [], destinations: [], sourcesSeen: 0 };
}
