import type { PacketRateEvent, PacketSample, ProbeEvent } from '../../../model/packets.ts';
import { type Addon, type BpfObject, BUILD_DIR } from '../../addon.ts';
import { EpochOffset } from '../epoch-offset.ts';
import { LIST_MAPS } from '../lists/kernel-lists.ts';
import { loadObject, reasonOf } from '../load-object.ts';
import { Applications } from './applications.ts';
import { type AttachedInterface, attachTo, type InterfaceStatus } from './attach.ts';
import { chooseInterfaces, linkHeaderSize, MAX_INTERFACES } from './choose.ts';
import { LocalAddresses } from './local-addresses.ts';
import { ProbeTable } from './probes.ts';
import { type SampleContext, SampleReader } from './samples.ts';
import { serviceMapSizes } from './services.ts';
import { type PacketSettings, packetConstants } from './settings.ts';
import { type PacketStats, readPacketStats } from './stats.ts';
import { PacketWindows, type TableSizes } from './windows.ts';

const NS_PER_MS = 1e6;
/** The compiled packet programs. */
export const PACKET_OBJECT = `${BUILD_DIR}/bpf/xdp.bpf.o`;

export interface PacketCaptureOptions {
  readonly addon: Addon;
  /** Has the state of sockets, by which outbound packets get their process, and the lists; absent: there are none. */
  readonly sockets?: BpfObject;
  /** Whether there are lists. */
  readonly hasLists?: boolean;
  readonly settings: PacketSettings;
  readonly onEvent: (event: PacketRateEvent | ProbeEvent) => void;
  /** Sees every sample; windows tell what those of them speak. */
  readonly onSample?: (sample: PacketSample) => void;
  readonly onWarning: (message: string) => void;
  /** News that is no trouble. */
  readonly onNote?: (message: string) => void;
}

/** Packets on interfaces. The kernel counts; tick() reads, and follows the interfaces that come and go. */
export interface PacketCapture {
  readonly interfaces: readonly InterfaceStatus[];
  stats(): PacketStats;
  sizes(): TableSizes;
  /** About once a second. */
  tick(nowMs: number): void;
  /** Detaches; a last tick has told what there was. */
  stop(nowMs: number): void;
}

/** Loads the packet programs, alone where `sockets` has no state to share. Throws KernelError. */
export function loadPacketPrograms({
  addon,
  sockets,
  settings,
  hasLists = false,
}: Pick<PacketCaptureOptions, 'addon' | 'sockets' | 'settings' | 'hasLists'>): BpfObject {
  const { object, refused } = loadObject(addon, {
    path: PACKET_OBJECT,
    constants: {
      ...packetConstants(settings),
      tg_lists_wanted: new Uint8Array([hasLists ? 1 : 0]),
    },
    mapSizes: serviceMapSizes(addon.possibleCpus()),
    ...(sockets === undefined ? {} : { shared: { from: sockets, maps: ['tg_sockets', ...LIST_MAPS] } }),
  });
  if (!refused.has('tg_tc_ingress') || !refused.has('tg_xdp')) return object;
  object.close();
  throw new Error([...refused.values()].join('; '));
}

/** Loads and attaches. Undefined, with a warning that says why, where the kernel cannot do it: the rest goes on. */
export function openPacketCapture(options: PacketCaptureOptions): PacketCapture | undefined {
  try {
    return new Running(options, loadPacketPrograms(options));
  } catch (error) {
    options.onWarning(`packets on interfaces are not watched: ${reasonOf(error)}`);
    return undefined;
  }
}

function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

class Running implements PacketCapture {
  readonly #options: PacketCaptureOptions;
  readonly #object: BpfObject;
  readonly #epoch: EpochOffset;
  readonly #windows: PacketWindows;
  readonly #probes: ProbeTable;
  readonly #addresses: LocalAddresses;
  readonly #samples: SampleReader;
  readonly #applications: Applications;
  readonly #attached = new Map<number, AttachedInterface>();
  #sinceNs: number;
  #stats: PacketStats;
  #isOpen = true;
  #isCrowded = false;

  constructor(options: PacketCaptureOptions, object: BpfObject) {
    this.#options = options;
    this.#object = object;
    this.#epoch = new EpochOffset(() => options.addon.epochOffsetMs());
    this.#windows = new PacketWindows(object, options.addon.possibleCpus());
    this.#probes = new ProbeTable(object);
    this.#addresses = new LocalAddresses(object);
    this.#samples = new SampleReader(options.addon, object);
    this.#applications = new Applications(options.settings.sampleRate);
    this.#stats = readPacketStats(object);
    this.#sinceNs = options.addon.monotonicNs();
    this.#addresses.refresh();
    this.#follow();
  }

  get interfaces(): readonly InterfaceStatus[] {
    return [...this.#attached.values()].map(({ status }) => status);
  }

  stats(): PacketStats {
    if (this.#isOpen) this.#stats = readPacketStats(this.#object);
    return this.#stats;
  }

  sizes(): TableSizes {
    return this.#windows.sizes;
  }

  tick(nowMs: number): void {
    if (!this.#isOpen) return;
    const nowNs = this.#options.addon.monotonicNs();
    const intervalMs = (nowNs - this.#sinceNs) / NS_PER_MS;
    this.#sinceNs = nowNs;
    const watched = this.interfaces;
    const nameOf = (index: number): string | undefined => this.#attached.get(index)?.status.name;
    const clock = { nowNs, epochOffsetMs: this.#epoch.offsetMs() };
    this.#readSamples({ ...clock, nameOf: (index) => nameOf(index) ?? `if${index}` });
    for (const event of this.#windows.read(watched, { timeMs: nowMs, intervalMs })) {
      const applications = this.#applications.of(event);
      this.#options.onEvent(applications.length === 0 ? event : { ...event, applications });
    }
    for (const event of this.#probes.read(clock, nameOf)) this.#options.onEvent(event);
    this.#addresses.refresh();
    this.#follow();
  }

  stop(nowMs: number): void {
    if (!this.#isOpen) return;
    for (const { handles } of this.#attached.values())
      for (const handle of handles) this.#object.detachInterface(handle);
    this.tick(nowMs);
    this.stats();
    this.#isOpen = false;
    this.#object.close();
  }

  #readSamples(context: SampleContext): void {
    this.#applications.clear();
    this.#samples.read(context, (sample) => {
      this.#applications.add(sample);
      this.#options.onSample?.(sample);
    });
  }

  /** Attaches to interfaces that came, and forgets those that went or got another name. */
  #follow(): void {
    const { addon, settings } = this.#options;
    const wanted = new Map(
      chooseInterfaces(addon.networkInterfaces(), settings).map((each) => [each.index, each]),
    );
    for (const [index, { status }] of this.#attached)
      if (wanted.get(index)?.name !== status.name) this.#release(index);
    for (const [index, each] of wanted) {
      if (this.#attached.has(index)) continue;
      if (this.#attached.size >= MAX_INTERFACES) {
        this.#crowded(wanted.size);
        return;
      }
      this.#object.mapUpdate('tg_link_headers', u32(index), u32(linkHeaderSize(each)), 0);
      this.#windows.addInterface(each);
      const attached = attachTo(this.#object, each, settings.mode);
      this.#attached.set(index, attached);
      this.#tell(attached.status);
    }
  }

  #release(index: number): void {
    const attached = this.#attached.get(index);
    if (attached === undefined) return;
    this.#attached.delete(index);
    for (const handle of attached.handles) this.#object.detachInterface(handle);
    this.#windows.removeInterface(attached.status);
    this.#object.mapDelete('tg_link_headers', u32(index));
    this.#options.onNote?.(`interface ${attached.status.name} is gone`);
  }

  #tell({ name, inbound, outbound, reason }: InterfaceStatus): void {
    const { onWarning, onNote } = this.#options;
    if (inbound === undefined || outbound === undefined)
      onWarning(`interface ${name}: ${lack(inbound, outbound)} not seen (${reason})`);
    else if (reason !== undefined) onNote?.(`interface ${name}: ${inbound} and ${outbound} (${reason})`);
    else onNote?.(`interface ${name}: ${inbound} and ${outbound}`);
  }

  #crowded(wanted: number): void {
    if (!this.#isCrowded)
      this.#options.onWarning(
        `packets: ${wanted} interfaces fit, ${MAX_INTERFACES} are watched; narrow agent.network.xdp.interfaces`,
      );
    this.#isCrowded = true;
  }
}

function lack(inbound: string | undefined, outbound: string | undefined): string {
  if (inbound !== undefined) return 'outbound packets are';
  return outbound === undefined ? 'packets are' : 'inbound packets are';
}
