import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../test/support/eventually.ts';
import { enterNamespace } from '../../test/support/namespaces.ts';
import { undoLater } from './cleanup.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/telegen', import.meta.url));
/** USER_HZ: the unit of times in /proc/PID/stat, 100 on every Linux architecture that runs Node.js. */
const TICKS_PER_SECOND = 100;
const STOP_MS = 5_000;
const COLLECTOR = new URL('./collect-on-signal.ts', import.meta.url).href;
const COLLECT_MS = 1_000;

export interface TelegenOptions {
  readonly cgroup: string;
  readonly output?: 'jsonl' | 'none';
  readonly configFile?: string;
  /** Makes collect() possible. */
  readonly collects?: boolean;
  /** Network namespace that it runs in; the machine's own when absent. */
  readonly namespace?: string;
}

export interface RunningTelegen {
  readonly pid: number;
  readonly stdout: Readable;
  /** Processor time used so far, all threads, user and system. */
  cpuSeconds(): number;
  /** The same of the threads that are there now, finer than a tick. */
  threadSeconds(): number;
  /** A figure of /proc/PID/status in bytes, such as `VmRSS`. */
  memory(field: string): number;
  /** Has it collect garbage, and waits until that is over; only with `collects`. */
  collect(): Promise<void>;
  /** Ends it and returns what it wrote to stderr. */
  stop(): Promise<string>;
}

/** Starts the built program and waits until it watches. Throws, with its words, when it does not start. */
export async function startTelegen(options: TelegenOptions): Promise<RunningTelegen> {
  const { cgroup, output = 'none', configFile, namespace, collects = false } = options;
  const args = [
    'run',
    '--cgroup',
    cgroup,
    '--output',
    output,
    ...(configFile === undefined ? [] : ['-c', configFile]),
  ];
  const [command, ...words] = [
    ...(namespace === undefined ? [] : enterNamespace(namespace)),
    LAUNCHER,
    ...args,
  ];
  const child = spawn(command as string, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...plainEnvironment(), ...(collects ? { NODE_OPTIONS: `--import ${COLLECTOR}` } : {}) },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const kill = undoLater(() => end(child));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await eventually(
    () => stderr.includes('telegen: ready') || hasEnded(),
    () => `telegen to be ready: ${stderr}`,
  );
  if (hasEnded()) throw new Error(`telegen did not start (run "make build"): ${stderr}`);
  const pid = child.pid as number;
  return {
    pid,
    stdout: child.stdout,
    cpuSeconds: () => cpuSecondsOf(pid),
    threadSeconds: () => threadSecondsOf(pid),
    memory: (field) => memoryOf(pid, field),
    collect: async () => {
      process.kill(pid, 'SIGUSR2');
      await pause(COLLECT_MS);
    },
    stop: async () => {
      await kill();
      return stderr;
    },
  };
}

/** Runs the work beside telegen, which is stopped afterwards, whatever happens. */
export async function withTelegen<T>(
  options: TelegenOptions,
  work: (telegen: RunningTelegen) => Promise<T>,
): Promise<T> {
  const telegen = await startTelegen(options);
  try {
    return await work(telegen);
  } finally {
    await telegen.stop();
  }
}

/** One leg of an attached / not attached pair. */
export function attachedOrNot<T>(
  attached: boolean,
  options: TelegenOptions,
  work: (telegen?: RunningTelegen) => Promise<T>,
): Promise<T> {
  return attached ? withTelegen(options, work) : work();
}

/** A collector that the caller's environment names would change what is measured; alerts stay out of this host's spool. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const plain = Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_'));
  const state = mkdtempSync(`${tmpdir()}/telegen-bench-state-`);
  undoLater(async () => rmSync(state, { recursive: true, force: true }));
  return { ...Object.fromEntries(plain), STATE_DIRECTORY: state };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  child.kill('SIGTERM');
  await closed;
  clearTimeout(force);
}

function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // utime and stime are fields 14 and 15; the name in field 2 may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function threadSecondsOf(pid: number): number {
  const folder = `/proc/${pid}/task`;
  // Nanoseconds on a processor come first (proc-schedstat).
  const times = readdirSync(folder).map((task) =>
    Number.parseInt(readFileSync(`${folder}/${task}/schedstat`, 'utf8'), 10),
  );
  return times.reduce((sum, ns) => sum + ns, 0) / 1e9;
}

function memoryOf(pid: number, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}
