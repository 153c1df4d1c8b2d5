import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expectConserved, printedBooks } from './conservation.ts';
import { eventually } from './eventually.ts';
import type { Sandbox } from './sandbox.ts';

export const TELEGEN = fileURLToPath(new URL('../../bin/telegen', import.meta.url));
export const VERSION = '0.1.0';

export type AttributeValue = string | number | boolean | readonly string[];

/** One JSON line of stdout: an alert, or an event (then without severity and body). */
export interface OutputLine {
  readonly timestamp: string;
  readonly severity?: string;
  readonly body?: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Words in front of the program, such as `setpriv ...`. */
  readonly wrap?: readonly string[];
  /** The launcher to run; the repository's own by default. */
  readonly program?: string;
  /** Leave stdout unread until readOutput() is called. */
  readonly unread?: boolean;
}

/** The real program, running. */
export interface Telegen {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Complete JSON lines of stdout so far: alerts (but of the machine's clock), and events when --events asked for them. */
  alerts(): OutputLine[];
  events(): OutputLine[];
  /** Waits for the first alert that fits. */
  alert(what: string, fits?: (alert: OutputLine) => boolean): Promise<OutputLine>;
  /** Waits until stderr contains the text. */
  says(text: string): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  readOutput(): void;
  /** Closes the reading end of its stdout. */
  closeOutput(): void;
  /** Waits for its end, and checks the books that it prints. */
  ended(): Promise<Ended>;
  /** Asks it to end and waits. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
  readonly isRunning: boolean;
}

/** Nothing of the surrounding environment decides where alerts go. */
function cleanEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = '', HOME = '/root', LANG = 'C.UTF-8' } = process.env;
  // Nothing can be made there: what one test leaves must not reach the collector of another.
  return { PATH, HOME, LANG, STATE_DIRECTORY: '/proc/none', ...extra };
}

/** A virtual machine's clock may be set at any moment: telegen says so, and that is no matter of the test's. */
export const tellsOfClock = ({ attributes }: OutputLine): boolean =>
  attributes['telegen.sensor.check'] === 'clock';

function linesOf(text: string): OutputLine[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as OutputLine);
}

/** Starts the launcher; returns at once. */
export function spawnTelegen(args: readonly string[], options: SpawnOptions = {}): Telegen {
  const [command, ...rest] = [...(options.wrap ?? []), options.program ?? TELEGEN, ...args] as [
    string,
    ...string[],
  ];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnv(options.env) });
  return follow(child, options.unread === true);
}

function follow(child: ChildProcessByStdio<null, Readable, Readable>, unread: boolean): Telegen {
  const text = { out: '', err: '' };
  let closed = false;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text.err += chunk;
  });
  const readOutput = (): void => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text.out += chunk;
    });
  };
  if (!unread) readOutput();
  child.on('exit', () => {
    // A pipe that nobody reads never closes.
    if (unread) child.stdout.destroy();
  });
  child.on('close', () => {
    closed = true;
  });
  const isAlert = (line: OutputLine): boolean => line.severity !== undefined;
  const alerts = (): OutputLine[] => linesOf(text.out).filter((line) => isAlert(line) && !tellsOfClock(line));
  const ended = async (): Promise<Ended> => {
    await eventually(
      () => closed,
      () => `telegen to end; stderr: ${text.err}`,
    );
    const books = printedBooks(text.err);
    if (books !== undefined) expectConserved(books);
    return { code: child.exitCode, signal: child.signalCode, stdout: text.out, stderr: text.err };
  };
  return {
    pid: child.pid ?? 0,
    stdout: () => text.out,
    stderr: () => text.err,
    alerts,
    events: () => linesOf(text.out).filter((line) => !isAlert(line)),
    alert: async (what, fits = () => true) => {
      await eventually(
        () => alerts().some(fits),
        () => `${what}; seen: ${text.out}\n${text.err}`,
      );
      return alerts().find(fits) as OutputLine;
    },
    says: (wanted) =>
      eventually(
        () => text.err.includes(wanted),
        () => `"${wanted}" on stderr; seen: ${text.err}`,
      ),
    signal: (signal) => {
      child.kill(signal);
    },
    readOutput,
    closeOutput: () => child.stdout.destroy(),
    ended,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended();
    },
    get isRunning() {
      return !closed;
    },
  };
}

export interface WatchOptions extends SpawnOptions {
  /** Contents of the configuration file; none by default. */
  readonly config?: object;
  readonly args?: readonly string[];
  readonly cgroup?: string;
}

/** The attributes named, in words: `198.51.100.50 4444`; `-` for one that is not there. */
export function brief({ attributes }: OutputLine, ...names: readonly string[]): string {
  return names.map((name) => String(attributes[name] ?? '-')).join(' ');
}

const running = new Set<Telegen>();
let configs = 0;
let states = 0;

/** Writes a configuration file (JSON is YAML) into the sandbox's folder. */
export function writeConfig(sandbox: Sandbox, config: object): string {
  const file = `${sandbox.folder}/telegen-${configs++}.yaml`;
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** `telegen run` on the sandbox's cgroup, ready to see. Alerts come as JSON lines unless `args` say otherwise. */
export async function watch(sandbox: Sandbox, options: WatchOptions = {}): Promise<Telegen> {
  const { config, args = ['--output', 'jsonl'], cgroup = sandbox.cgroup } = options;
  const file = config === undefined ? [] : ['-c', writeConfig(sandbox, config)];
  const env = { STATE_DIRECTORY: `${sandbox.folder}/state-${states++}`, ...options.env };
  const telegen = spawnTelegen(['run', '--cgroup', cgroup, ...file, ...args], { ...options, env });
  running.add(telegen);
  await eventually(
    () => telegen.stderr().includes('telegen: ready') || !telegen.isRunning,
    () => `telegen to be ready; stderr: ${telegen.stderr()}`,
  );
  if (!telegen.isRunning) throw new Error(`telegen did not start: ${telegen.stderr()}`);
  return telegen;
}

/** Ends every telegen that watch() started and that still runs; for afterEach. */
export async function endTelegens(): Promise<void> {
  for (const telegen of running) {
    if (telegen.isRunning) {
      telegen.readOutput();
      telegen.signal('SIGCONT');
      await telegen.stop('SIGKILL');
    }
  }
  running.clear();
}

/** Runs a command of the program to its end. */
export function command(args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  return spawnTelegen(args, options).ended();
}
