/** Numbers of linux/capability.h, of those that telegen knows a use for. */
export const CAPABILITY = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_ADMIN: 12,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;
export type Capability = keyof typeof CAPABILITY;

/** What to do without before anything attaches; CAP_SYS_ADMIN stands for the last two. */
export const REQUIRED: readonly Capability[] = ['CAP_NET_ADMIN', 'CAP_PERFMON', 'CAP_BPF'];

/** Tells of a capability whether it is in effect. `status` is the text of /proc/PID/status. */
export function effectiveIn(status: string): (capability: Capability) => boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return (capability) => ((effective >> BigInt(CAPABILITY[capability])) & 1n) === 1n;
}

/** What decides which capabilities are of use. */
export interface Circumstances {
  /** Whether the kernel tells of its types: /sys/kernel/btf/vmlinux. */
  readonly hasBtf: boolean;
  /** 0: telegen does not listen. */
  readonly listenPort: number;
}

const LAST_RESERVED_PORT = 1023;

function forListening({ listenPort }: Circumstances): readonly Capability[] {
  return listenPort > 0 && listenPort <= LAST_RESERVED_PORT ? ['CAP_NET_BIND_SERVICE'] : [];
}

/** Of use until everything is attached. CAP_SYS_ADMIN only where it must do the work of others that are not there. */
export function neededToStart(
  circumstances: Circumstances,
  has: (capability: Capability) => boolean,
): readonly Capability[] {
  return [
    ...REQUIRED,
    ...(REQUIRED.every(has) ? [] : (['CAP_SYS_ADMIN'] as const)),
    // /proc/PID/exe of programs that are older than telegen.
    'CAP_SYS_PTRACE',
    // tracefs, which is root's.
    ...(circumstances.hasBtf ? [] : (['CAP_DAC_READ_SEARCH'] as const)),
    ...forListening(circumstances),
  ];
}

export interface RunningCircumstances extends Circumstances {
  /** As uname -r tells it. */
  readonly kernel: string;
  /** Whether each exec record comes with the path of its program, so that /proc need not be asked. */
  readonly execTellsPath: boolean;
  /** Interfaces come and go: packets of new ones are to be watched, too. */
  readonly watchesPackets: boolean;
}

/** Since Linux 5.19 maps can be read by whoever holds their descriptor; before, only with CAP_BPF where BPF is restricted. */
const MAPS_BY_DESCRIPTOR = [5, 19] as const;

function isOlder(kernel: string, [major, minor]: readonly [number, number]): boolean {
  const [own = 0, ownMinor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return own < major || (own === major && ownMinor < minor);
}

/** Of use once everything is attached: on a usual host none, unless packets are watched. */
export function neededWhileRunning(circumstances: RunningCircumstances): readonly Capability[] {
  const { kernel, execTellsPath, watchesPackets } = circumstances;
  const forMaps: readonly Capability[] = isOlder(kernel, MAPS_BY_DESCRIPTOR) ? ['CAP_BPF'] : [];
  return [
    ...(watchesPackets ? REQUIRED : forMaps),
    ...(execTellsPath ? [] : (['CAP_SYS_PTRACE'] as const)),
    ...forListening(circumstances),
  ];
}
