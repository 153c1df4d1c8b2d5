import { existsSync } from 'node:fs';
import { type Addon, type BpfObject, BUILD_DIR } from '../addon.ts';
import { PHASE } from '../layout.gen.ts';
import type { ObservedCgroup } from './cgroup.ts';
import { LIST_MAPS, type ListCapacity, listMapSizes } from './lists/kernel-lists.ts';
import { type LoadedObject, loadObject, reasonOf } from './load-object.ts';
import { contentMask, type Wants } from './plan.ts';
import { tracepointFieldOffset } from './tracefs.ts';

/** Maps of the core object that the others use. */
const SHARED_MAPS = {
  extra: [
    'tg_events',
    'tg_payloads',
    'tg_sockets',
    'tg_streams',
    'tg_processes',
    'tg_udp_flows',
    'tg_counters',
    'tg_cgroup',
    ...LIST_MAPS,
  ],
  content: [
    'tg_events',
    'tg_payloads',
    'tg_sockets',
    'tg_streams',
    'tg_udp_flows',
    'tg_counters',
    ...LIST_MAPS,
  ],
};
const SMALLEST_RING = 65_536;
const KERNEL_BTF = '/sys/kernel/btf/vmlinux';

function u32Bytes(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

/** What the programs are told before they are loaded. */
export interface ProgramSettings {
  readonly cgroup: ObservedCgroup;
  readonly ringBytes: number;
  /** The kernel side makes no records of anything else. */
  readonly wants: Wants;
  /** Room for addresses that lists name; absent: there are no lists. */
  readonly lists: ListCapacity | undefined;
}

function constantsOf({ cgroup, wants, lists }: ProgramSettings): Record<string, Uint8Array> {
  const mask = wants.phases.reduce(
    (bits, phase) => bits | (1 << PHASE[phase.toUpperCase() as keyof typeof PHASE]),
    0,
  );
  return {
    tg_filter_cgroup: new Uint8Array([cgroup.isRoot ? 0 : 1]),
    tg_phases: u32Bytes(mask),
    tg_content: u32Bytes(contentMask(wants.content)),
    tg_body_limit: u32Bytes(wants.bodyBytes),
    tg_lists_wanted: new Uint8Array([lists === undefined ? 0 : 1]),
    tg_flows_wanted: new Uint8Array([wants.flowSampleRate > 0 ? 1 : 0]),
    tg_flow_sample_rate: u32Bytes(wants.flowSampleRate),
  };
}

/** Loads what telegen cannot do without. */
export function loadCore(addon: Addon, settings: ProgramSettings): LoadedObject {
  const { cgroup, ringBytes, wants, lists } = settings;
  const offsets = {
    tg_exec_filename_offset: tracepointFieldOffset('sched/sched_process_exec', 'filename'),
    tg_fork_child_offset: tracepointFieldOffset('sched/sched_process_fork', 'child_pid'),
  };
  const constants = constantsOf(settings);
  for (const [name, offset] of Object.entries(offsets))
    if (offset !== undefined) constants[name] = u32Bytes(offset);
  const core = loadObject(addon, {
    path: `${BUILD_DIR}/bpf/core.bpf.o`,
    constants,
    mapSizes: {
      tg_events: ringBytes,
      tg_payloads: wants.content.length > 0 ? ringBytes : SMALLEST_RING,
      ...listMapSizes(lists),
    },
  });
  if (!cgroup.isRoot) core.object.mapUpdate('tg_cgroup', u32Bytes(0), u32Bytes(cgroup.fd), 0);
  return core;
}

/** Loads what needs BTF; the reason when the object as a whole cannot be used. */
export function loadExtra(addon: Addon, core: BpfObject, settings: ProgramSettings): LoadedObject | string {
  if (!existsSync(KERNEL_BTF)) return `no ${KERNEL_BTF}: this kernel is built without BTF`;
  return loadSharing('extra', addon, { core, settings });
}

/** Loads what reads conversations; the reason when it cannot be used. */
export function loadContent(addon: Addon, core: BpfObject, settings: ProgramSettings): LoadedObject | string {
  return loadSharing('content', addon, { core, settings });
}

function loadSharing(
  name: keyof typeof SHARED_MAPS,
  addon: Addon,
  { core, settings }: { core: BpfObject; settings: ProgramSettings },
): LoadedObject | string {
  try {
    return loadObject(addon, {
      path: `${BUILD_DIR}/bpf/${name}.bpf.o`,
      constants: constantsOf(settings),
      mapSizes:
        name === 'extra' && settings.wants.flowSampleRate === 0 ? { tg_flows: 1, tg_flow_ends: 1 } : {},
      shared: { from: core, maps: SHARED_MAPS[name] },
    });
  } catch (error) {
    return reasonOf(error);
  }
}
