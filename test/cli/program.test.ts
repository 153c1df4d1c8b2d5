import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';

interface Parsed {
  readonly arguments: readonly unknown[];
  readonly exit: number | undefined;
  readonly output: string;
}

class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Parses a command line with the action of one command replaced: nothing runs. */
async function parse(path: readonly string[], words: readonly string[]): Promise<Parsed> {
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Exit(Number(code));
  });
  let output = '';
  const write = (text: string): void => {
    output += text;
  };
  const program = buildProgram();
  let current = program.configureOutput({ writeOut: write, writeErr: write });
  for (const name of path) {
    const found = current.commands.find((command) => command.name() === name);
    if (found === undefined) throw new Error(`no command ${name}`);
    current = found.configureOutput({ writeOut: write, writeErr: write });
  }
  let seen: readonly unknown[] = [];
  current.action((...given: unknown[]) => {
    seen = given.slice(0, -1);
  });
  try {
    await program.parseAsync(['node', 'telegen', ...words]);
  } catch (error) {
    if (error instanceof Exit) return { arguments: seen, exit: error.code, output };
    throw error;
  }
  return { arguments: seen, exit: undefined, output };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('telegen run', () => {
  const DEFAULTS = { interfaces: [], events: [], output: 'auto' };

  it.each([
    ['', DEFAULTS],
    ['-c a.yaml', { ...DEFAULTS, config: 'a.yaml' }],
    ['--config=a.yaml', { ...DEFAULTS, config: 'a.yaml' }],
    ['--cgroup /sys/fs/cgroup/x', { ...DEFAULTS, cgroup: '/sys/fs/cgroup/x' }],
    ['--interfaces eth0,veth*', { ...DEFAULTS, interfaces: ['eth0', 'veth*'] }],
    [
      '--events all',
      {
        ...DEFAULTS,
        events: ['connection', 'dns', 'http', 'grpc', 'tls', 'packet_rate', 'probe', 'process', 'loss'],
      },
    ],
    ['--events loss,connection', { ...DEFAULTS, events: ['loss', 'connection'] }],
    ['--output none', { ...DEFAULTS, output: 'none' }],
    ['--output pretty', { ...DEFAULTS, output: 'pretty' }],
  ])('%j', async (words, options) => {
    const parsed = await parse(['run'], ['run', ...words.split(' ').filter(Boolean)]);
    expect(parsed).toEqual({ arguments: [options], exit: undefined, output: '' });
  });

  it.each([
    ['--events', 'argument missing'],
    [
      '--events ftp',
      '"ftp": give all, or some of connection, dns, http, grpc, tls, packet_rate, probe, process, loss',
    ],
    ['--events connection,', '"": give all'],
    ['--output xml', 'Allowed choices are auto, jsonl, pretty, none'],
    ['--cgruop x', 'Did you mean --cgroup?'],
    ['now', 'too many arguments'],
  ])('%j is refused', async (words, message) => {
    const parsed = await parse(['run'], ['run', ...words.split(' ')]);
    expect(parsed).toMatchObject({ arguments: [], exit: 2 });
    expect(parsed.output).toContain(message);
  });
});

describe('the other commands', () => {
  it.each([
    [['doctor'], ['doctor'], [{ format: 'text' }]],
    [['doctor'], ['doctor', '--format', 'json'], [{ format: 'json' }]],
    [['version'], ['version'], [{}]],
    [
      ['config', 'check'],
      ['config', 'check', 'a.yaml'],
      ['a.yaml', { format: 'text' }],
    ],
    [
      ['config', 'check'],
      ['config', 'check', 'a.yaml', '--format=json'],
      ['a.yaml', { format: 'json' }],
    ],
    [
      ['config', 'print'],
      ['config', 'print'],
      [undefined, {}],
    ],
    [
      ['config', 'print'],
      ['config', 'print', 'a.yaml'],
      ['a.yaml', {}],
    ],
    [['config', 'schema'], ['config', 'schema'], [{}]],
  ])('%j: %j', async (path, words, expected) => {
    expect(await parse(path, words)).toEqual({ arguments: expected, exit: undefined, output: '' });
  });

  it.each([
    [['config', 'check'], ['config', 'check'], "missing required argument 'file'"],
    [['doctor'], ['doctor', '--format', 'xml'], 'Allowed choices are text, json'],
    [['version'], ['vresion'], 'Did you mean version?'],
    [['config', 'print'], ['config', 'pritn'], 'Did you mean print?'],
  ])('%j: %j is refused', async (path, words, message) => {
    const parsed = await parse(path, words);
    expect(parsed.exit).toBe(2);
    expect(parsed.output).toContain(message);
  });

  it('help ends well', async () => {
    const parsed = await parse([], ['--help']);
    expect(parsed.exit).toBe(0);
    expect(parsed.output).toContain('Usage: telegen');
  });
});
