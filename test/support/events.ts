import type { RecordCounters } from '../../src/capture/live/counters.ts';
import {
  type LiveCapture,
  type LiveCaptureOptions,
  openLiveCapture,
} from '../../src/capture/live/live-capture.ts';
import type { ConnectionEvent, ProcessEvent } from '../../src/model/event.ts';
import { formatIp } from '../../src/net/ip.ts';
import { eventually } from './eventually.ts';

export interface WatchOptions
  extends Partial<Omit<LiveCaptureOptions, 'onEvent' | 'onWarning' | 'cgroupPath'>> {
  readonly cgroup: string;
  /** Sees each event before it is gathered. */
  readonly onEvent?: (event: ConnectionEvent | ProcessEvent) => void;
}

/** A live capture that gathers what it reports. */
export interface Watch {
  readonly capture: LiveCapture;
  readonly connections: readonly ConnectionEvent[];
  readonly processes: readonly ProcessEvent[];
  readonly warnings: readonly string[];
  /** The events of one process (or of all), told as `phase` or `phase:reason`, in order. */
  story(pid?: number): string[];
  /** Waits for the first connection that fits. */
  connection(what: string, fits: (event: ConnectionEvent) => boolean): Promise<ConnectionEvent>;
  process(what: string, fits: (event: ProcessEvent) => boolean): Promise<ProcessEvent>;
  /** Waits until every record that the kernel side submitted has been decoded. */
  caughtUp(): Promise<void>;
  /** Also checks that no record went missing on its way; throws when one did. The final counters go to `onEnd`. */
  stop(onEnd?: (counters: RecordCounters) => void): Promise<void>;
}

const RING_BYTES = 1 << 20;

/** Records that the kernel side gave to the ring, and those for which it had no room. */
export function totals(counters: RecordCounters): { submitted: number; dropped: number } {
  let [submitted, dropped] = [0, 0];
  for (const counter of Object.values(counters)) {
    submitted += counter.submitted;
    dropped += counter.dropped;
  }
  return { submitted, dropped };
}

export function watchCgroup({ cgroup, onEvent, ...options }: WatchOptions): Watch {
  const connections: ConnectionEvent[] = [];
  const processes: ProcessEvent[] = [];
  const warnings: string[] = [];
  const capture = openLiveCapture({
    ringBufferSize: RING_BYTES,
    ...options,
    cgroupPath: cgroup,
    onEvent: (event) => {
      onEvent?.(event);
      if (event.kind === 'connection') connections.push(event);
      else processes.push(event);
    },
    onWarning: (message) => warnings.push(message),
  });
  const story = (pid?: number): string[] =>
    connections.filter((event) => pid === undefined || event.owner?.pid === pid).map(chapter);
  return {
    capture,
    connections,
    processes,
    warnings,
    story,
    connection: (what, fits) =>
      first(connections, fits, () => `${what}; seen: ${connections.map(describeEvent).join(', ')}`),
    process: (what, fits) => first(processes, fits, () => `${what}; seen ${processes.length} process events`),
    caughtUp: () =>
      eventually(() => capture.received() === totals(capture.counters()).submitted, 'the reader to catch up'),
    stop: (onEnd) =>
      capture.stop(() => {
        const counters = capture.counters();
        const { submitted } = totals(counters);
        onEnd?.(counters);
        if (capture.received() !== submitted)
          throw new Error(`${submitted} records, ${capture.received()} received`);
      }),
  };
}

async function first<T>(events: readonly T[], fits: (event: T) => boolean, what: () => string): Promise<T> {
  await eventually(() => events.some(fits), what);
  return events.find(fits) as T;
}

function chapter({ phase, reason }: ConnectionEvent): string {
  return reason === undefined ? phase : `${phase}:${reason}`;
}

/** `tcp client 192.0.2.2:1234 -> 192.0.2.1:80`, preceded by phase and reason. */
export function describeEvent(event: ConnectionEvent): string {
  const { transport, role, local, remote } = event;
  return `${chapter(event)} ${transport} ${role} ${formatIp(local.ip)}:${local.port} ${formatIp(remote.ip)}:${remote.port}`;
}
