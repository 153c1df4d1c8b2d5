import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { enterNamespace } from './namespaces.ts';

const BUILT = fileURLToPath(new URL('../../build/test', import.meta.url));

/** Path of a compiled C program of this folder; compiles it when it is missing or older than its source. */
function compiled(name: string): string {
  const source = fileURLToPath(new URL(`./${name}.c`, import.meta.url));
  const path = `${BUILT}/${name}`;
  if (existsSync(path) && statSync(path).mtimeMs >= statSync(source).mtimeMs) return path;
  mkdirSync(BUILT, { recursive: true });
  const fresh = `${path}.${process.pid}`;
  execFileSync('gcc', ['-O1', '-Wall', '-Wextra', '-Werror', '-static', '-pthread', '-o', fresh, source], {
    stdio: 'pipe',
  });
  renameSync(fresh, path);
  return path;
}

export const peerProgram = (): string => compiled('peer');
/** Sends frames exactly as often as it is told. */
export const packetSource = (): string => compiled('packet_source');

/** A web client that uses io_uring and no socket calls. */
export const ringClient = (): string => compiled('ring_client');

export interface ProgramOptions {
  /** Directory of the cgroup that it joins before its image is executed; stays in ours when absent. */
  readonly cgroup?: string | undefined;
  /** Network namespace; the machine's own when absent. */
  readonly namespace?: string | undefined;
}

export interface Program {
  readonly pid: number;
  /** The next line of its output. */
  line(): Promise<string>;
  /** The next line as a number, such as the port that a peer listens on. */
  number(): Promise<number>;
  /** Lets a peer go on that waits for a line. */
  go(): void;
  /** Waits for its end; throws with its error output when it failed. Returns the rest of its output. */
  end(): Promise<string>;
  /** Waits for its end, however it is: exit code or signal, and its error output. */
  ended(): Promise<{ readonly exit: string; readonly errors: string }>;
  /** Ends it and what it forked, however it stands; for afterwards. */
  kill(): Promise<void>;
}

/** The shell that is already in the cgroup becomes the program: its pid never changes, its exec is observed. */
const JOIN = 'echo $$ > "$0/cgroup.procs" && exec "$@"';

/** The command that runs the words where the options say, and its arguments. */
export function placed(
  argv: readonly string[],
  { cgroup, namespace }: ProgramOptions = {},
): [command: string, ...args: string[]] {
  const entered = namespace === undefined ? [] : enterNamespace(namespace);
  const joined = cgroup === undefined ? [] : ['sh', '-c', JOIN, cgroup];
  return [...entered, ...joined, ...argv] as [string, ...string[]];
}

export function startProgram(argv: readonly string[], options: ProgramOptions = {}): Program {
  const [command, ...args] = placed(argv, options);
  // A process group of its own, so that kill() also ends what it forked.
  return follow(spawn(command, args, { stdio: 'pipe', detached: true }), argv);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has just ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function follow(child: ChildProcessWithoutNullStreams, argv: readonly string[]): Program {
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  // Writing to one that has ended is no error of the test.
  child.stdin.on('error', () => undefined);
  let closed = false;
  child.on('close', () => {
    closed = true;
  });
  child.on('error', (error) => {
    errors += error.message;
    closed = true;
  });
  const describe = (): string => `${argv.join(' ')}: exit ${child.exitCode ?? child.signalCode}: ${errors}`;
  const line = async (): Promise<string> => {
    await eventually(
      () => output.includes('\n') || closed,
      () => `a line from ${describe()}`,
    );
    const end = output.indexOf('\n');
    if (end < 0) throw new Error(`no line from ${describe()}`);
    const text = output.slice(0, end);
    output = output.slice(end + 1);
    return text;
  };
  return {
    pid: child.pid ?? 0,
    line,
    number: async () => Number(await line()),
    go: () => child.stdin.write('\n'),
    end: async () => {
      await eventually(
        () => closed,
        () => `the end of ${describe()}`,
      );
      if (child.exitCode !== 0) throw new Error(describe());
      return output;
    },
    ended: async () => {
      await eventually(
        () => closed,
        () => `the end of ${describe()}`,
      );
      return { exit: String(child.exitCode ?? child.signalCode), errors };
    },
    kill: async () => {
      if (!closed && child.pid !== undefined) killGroup(child.pid);
      await eventually(
        () => closed,
        () => `the end of ${describe()}`,
      );
    },
  };
}

/** Waits without letting this thread's event loop run: records are not fetched meanwhile. */
export function blockUntilEnded({ pid }: Program): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  // The state follows the name, which is in brackets (proc_pid_stat(5)).
  while (!/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) Atomics.wait(cell, 0, 0, 10);
}
