import { Command, type CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../model/errors.ts';
import type { EventKind } from '../model/event.ts';
import { endProcess } from './end-process.ts';
import { addRules } from './rules/commands.ts';

const REPLAY_KINDS: readonly EventKind[] = [
  'connection',
  'dns',
  'http',
  'grpc',
  'tls',
  'packet_rate',
  'probe',
];
const LIVE_KINDS: readonly EventKind[] = [...REPLAY_KINDS, 'process', 'loss'];
const REPLAY_FORMS = ['jsonl', 'pretty', 'summary', 'metrics', 'topology'];
const TOPOLOGY_FORMATS = ['yaml', 'json', 'mermaid', 'dot'];
const OUTPUTS = ['auto', 'jsonl', 'pretty', 'none'];

interface CommandResult {
  readonly stdout: string;
  readonly exitCode: number;
}

function print({ stdout, exitCode }: CommandResult): void {
  process.stdout.write(stdout);
  process.exitCode = exitCode;
}

/** Reads a comma-separated list of kinds out of those that the command can print. */
function eventKinds(legal: readonly EventKind[]): (text: string) => EventKind[] {
  return (text) => {
    if (text === 'all') return [...legal];
    const kinds = text.split(',');
    const wrong = kinds.find((kind) => !legal.includes(kind as EventKind));
    if (wrong !== undefined)
      throw new InvalidArgumentError(`"${wrong}": give all, or some of ${legal.join(', ')}`);
    return kinds as EventKind[];
  };
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 3600)) throw new InvalidArgumentError('give seconds, from more than 0 to 3600');
  return value;
}

const formatOption = (): Option =>
  new Option('--format <format>', 'form of the report').choices(['text', 'json']).default('text');

function addRun(program: Command): void {
  program
    .command('run')
    .description('watch this host and report what is found, until stopped')
    .option('-c, --config <file>', 'configuration file (YAML)')
    .option('--cgroup <path>', 'watch only this cgroup v2 directory and those below it')
    .option(
      '--interfaces <names>',
      'watch only these interfaces (names or globs, comma-separated)',
      (text) => text.split(','),
      [],
    )
    .option(
      '--events <kinds>',
      `also print events as JSON lines: all, or ${LIVE_KINDS.join(',')}`,
      eventKinds(LIVE_KINDS),
      [],
    )
    .addOption(new Option('--output <form>', 'alerts on standard output').choices(OUTPUTS).default('auto'))
    .action(async (options) => {
      const { run } = await import('./run/run.ts');
      // An export that is still under way would hold the process up for its whole time limit.
      await endProcess(await run(options));
    });
}

function addReplay(program: Command): void {
  program
    .command('replay <file...>')
    .description('run captures (pcap, pcapng, gzip; - for standard input) through the same engine')
    .option('-c, --config <file>', 'configuration file (YAML)')
    .option(
      '--events <kinds>',
      `also print events: all, or ${REPLAY_KINDS.join(',')}`,
      eventKinds(REPLAY_KINDS),
      [],
    )
    .option(
      '--rules <dir>',
      'rule file or folder instead of the configured ones; may be given again',
      (path: string, before: readonly string[] | undefined) => [...(before ?? []), path],
    )
    .addOption(new Option('--output <form>', 'form of the output').choices(REPLAY_FORMS))
    .action(async (files, options) => {
      const { replay } = await import('./replay/replay.ts');
      await endProcess(await replay(files, options));
    });
}

function addTopology(program: Command): void {
  program
    .command('topology [file...]')
    .description('print who talks to whom: as the running agent sees it, or out of captures')
    .option('-c, --config <file>', 'configuration file (YAML); says where the agent listens')
    .option('--url <url>', 'address of the agent, such as http://127.0.0.1:19090')
    .addOption(new Option('--format <format>', 'form').choices(TOPOLOGY_FORMATS).default('yaml'))
    .action(async (files, options) => {
      const { topology } = await import('./topology.ts');
      process.exitCode = await topology(files, options);
    });
}

function addTop(program: Command): void {
  program
    .command('top')
    .description('show who sends how much over which interface, as the running agent sees it')
    .option('-c, --config <file>', 'configuration file (YAML); says where the agent listens')
    .option('--url <url>', 'address of the agent, such as http://127.0.0.1:19090')
    .option('--once', 'print one look and end')
    .option('--interval <seconds>', 'time between two looks', positiveNumber, 2)
    .addOption(formatOption())
    .action(async (options) => {
      process.exitCode = await (await import('./top.ts')).top(options);
    });
}

function addConfig(program: Command): void {
  const config = program.command('config').description('check, print or describe the configuration');
  config
    .command('check <file>')
    .description('list everything wrong with a configuration file')
    .addOption(formatOption())
    .action(async (file, { format }) => print((await import('./config.ts')).configCheck(file, format)));
  config
    .command('print [file]')
    .description('print the effective configuration, secrets masked')
    .action(async (file) => print((await import('./config.ts')).configPrint(file)));
  config
    .command('schema')
    .description('print the JSON Schema, for editors')
    .action(async () => print((await import('./config.ts')).configSchema()));
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function addBlocklist(program: Command): void {
  const blocklist = program.command('blocklist').description('look into lists of bad addresses and names');
  blocklist
    .command('check <file...>')
    .description('read lists as telegen would, and tell what is in them and what is wrong with them')
    .option('-c, --config <file>', 'configuration file: settings of single lists, own networks')
    .addOption(formatOption())
    .action(async (files, options) =>
      print(await (await import('./blocklist/check.ts')).blocklistCheck(files, options)),
    );
  blocklist
    .command('lookup <value...>')
    .description('tell which lists name an address, network or host name, and whether that would alert')
    .option('--list <file>', 'look in this list instead of the configured ones (repeatable)', collect, [])
    .option('--allowlist <file>', 'and in this allowlist (repeatable)', collect, [])
    .option('-c, --config <file>', 'configuration file')
    .addOption(formatOption())
    .action(async (values, options) =>
      print(await (await import('./blocklist/lookup.ts')).blocklistLookup(values, options)),
    );
}

function percent(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 100) throw new InvalidArgumentError('must be a whole number from 1 to 100');
  return value;
}

function addReputation(program: Command): void {
  const reputation = program
    .command('reputation')
    .description('what the agents of the fleet know of peers and names');
  const config = ['-c, --config <file>', 'configuration file; it names the Redis that is shared'] as const;
  const load = () => import('./reputation/reputation.ts');
  reputation
    .command('add <value...>')
    .description('say that addresses, networks or names are bad; all agents know within a second')
    .option(...config)
    .option('--score <number>', '1 to 100', percent, 100)
    .option('--ttl <duration>', 'how long it is believed (units: ms, s, m, h)', '720h')
    .option('--reason <text>', 'shown in alerts')
    .action(async (values, options) => print(await (await load()).reputationAdd(values, options)));
  reputation
    .command('remove <value...>')
    .description('take back what anybody has said of them so far')
    .option(...config)
    .action(async (values, options) => print(await (await load()).reputationRemove(values, options.config)));
  reputation
    .command('list')
    .description('print what is known now, the worst first')
    .option(...config)
    .addOption(formatOption())
    .action(async (options) => print(await (await load()).reputationList(options.config, options.format)));
  reputation
    .command('import <file>')
    .description('take over lines that export wrote')
    .option(...config)
    .action(async (file, options) => print(await (await load()).reputationImport(file, options.config)));
  reputation
    .command('export')
    .description('print every record as a line of JSON')
    .option(...config)
    .action(async (options) => print(await (await load()).reputationExport(options.config)));
}

/** The command line (DESIGN section 10). Modules are loaded per command: starting must stay quick. */
export function buildProgram(): Command {
  const program = new Command('telegen')
    .description('Network detection from inside the kernel: connections to alerts.')
    .showSuggestionAfterError()
    .exitOverride((error: CommanderError) => {
      // Help and version end well; everything else is a mistake in the command line.
      process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
    });
  addRun(program);
  addReplay(program);
  addRules(program);
  addTopology(program);
  addTop(program);
  addConfig(program);
  addBlocklist(program);
  addReputation(program);
  program
    .command('doctor')
    .description('tell what this host has and lacks; tries every hook for real')
    .option('-c, --config <file>', 'configuration file (YAML); says which Kubernetes API is asked')
    .addOption(formatOption())
    .action(async (options) => print(await (await import('./doctor/doctor.ts')).doctor(options)));
  program
    .command('test-alert')
    .description('send a marked alert to every destination and tell how long each took to accept it')
    .option('-c, --config <file>', 'configuration file (YAML)')
    .option('--timeout <seconds>', 'how long to wait for an answer', positiveNumber, 15)
    .addOption(formatOption())
    .action(async ({ config, timeout, format }) => {
      const { runTestAlert } = await import('./test-alert.ts');
      const result = await runTestAlert({
        ...(config === undefined ? {} : { config }),
        format,
        timeoutMs: timeout * 1000,
      });
      print(result);
      await endProcess(result.exitCode);
    });
  program
    .command('version')
    .description('print the version')
    .action(async () =>
      print({ stdout: `telegen ${await (await import('./version.ts')).version()}\n`, exitCode: EXIT.ok }),
    );
  return program;
}
