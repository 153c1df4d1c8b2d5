import { type Command, Option } from 'commander';

/** `telegen rules ...`. Modules are loaded per command. */
export function addRules(program: Command): void {
  const rules = program.command('rules').description('check, try and list Sigma rules');
  addCheck(rules);
  addMatch(rules);
  addList(rules);
  addTest(rules);
  addExplain(rules);
  addBacktest(rules);
  addNew(rules);
  rules
    .command('schema')
    .description('print the JSON Schema of rule files, for editors')
    .action(async () => {
      const { ruleJsonSchema } = await import('../../rules/json-schema.ts');
      print({ stdout: `${JSON.stringify(ruleJsonSchema(), undefined, 2)}\n`, exitCode: 0 });
    });
}

const placeholders = (): Option =>
  new Option('--placeholders <file>', 'lists for %placeholders% (YAML: name to list of values)');

const pipelines = (): Option =>
  new Option('--pipeline <file>', 'processing pipeline in the form of pySigma; may be given again').argParser(
    several,
  );

const formatOption = (): Option =>
  new Option('--format <format>', 'form of the report').choices(['text', 'json']).default('text');

const portable = (): Option =>
  new Option('--portable-windows', 'also load rules labelled windows that hold on every system');

function addCheck(rules: Command): void {
  rules
    .command('check <dir...>')
    .description('say of every rule whether it loads, and everything wrong with it')
    .addOption(formatOption())
    .addOption(placeholders())
    .addOption(pipelines())
    .addOption(portable())
    .action(async (paths, options) => {
      const { rulesCheck } = await import('./check.ts');
      print(rulesCheck(paths, options));
    });
}

function addMatch(rules: Command): void {
  rules
    .command('match <dir...>')
    .description('events of any log source in (JSON lines), ids of the rules they fulfil out')
    .requiredOption(
      '--events <file>',
      'JSON lines {"logsource": {...}, "fields": {...}}; - for standard input',
    )
    .addOption(formatOption().default('json'))
    .addOption(placeholders())
    .addOption(pipelines())
    .action(async (paths, options) => {
      const { rulesMatch } = await import('./match.ts');
      const { createDiagnostics } = await import('../run/diagnostics.ts');
      const io = { out: process.stdout, diagnostics: createDiagnostics() };
      process.exitCode = await rulesMatch(paths, options, io);
    });
}

function addList(rules: Command): void {
  rules
    .command('list [dir...]')
    .description('list rules: id, level, state, log source, title; without folders those that are shipped')
    .addOption(formatOption())
    .addOption(placeholders())
    .addOption(pipelines())
    .addOption(portable())
    .action(async (paths, options) => {
      const { rulesList } = await import('./list.ts');
      print(rulesList(paths, options));
    });
}

function addTest(rules: Command): void {
  rules
    .command('test [dir...]')
    .description('run the tests at the foot of rule files; without folders those that are shipped')
    .addOption(
      new Option('--format <format>', 'form of the report')
        .choices(['text', 'json', 'tap', 'junit'])
        .default('text'),
    )
    .addOption(placeholders())
    .addOption(pipelines())
    .action(async (paths, options) => {
      const { rulesTest } = await import('./test.ts');
      print(rulesTest(paths, options));
    });
}

function addExplain(rules: Command): void {
  rules
    .command('explain <rule>')
    .description('tell which parts of a rule (id, name, title or file) an event fulfils, and which not')
    .requiredOption('--event <file>', 'one JSON event as for rules match; - for standard input')
    .option('--dir <dir>', 'rule file or folder; may be given again', several)
    .addOption(formatOption())
    .addOption(placeholders())
    .addOption(pipelines())
    .action(async (rule, options) => {
      const { rulesExplain } = await import('./explain.ts');
      print(rulesExplain(rule, options));
    });
}

function addBacktest(rules: Command): void {
  rules
    .command('backtest <dir...>')
    .description('count how often each rule fires on captures and recorded events, per hour')
    .option('--pcap <file>', 'capture; may be given again', several, [])
    .option(
      '--events <file>',
      'JSON lines as for rules match, with "timestamp"; may be given again',
      several,
      [],
    )
    .option('-c, --config <file>', 'configuration file (YAML)')
    .addOption(formatOption())
    .action(async (paths, options, command: Command) => {
      if (options.pcap.length + options.events.length === 0)
        command.error(
          "error: nothing to try the rules on; name a capture with '--pcap <file>' or events with '--events <file>'",
        );
      const { rulesBacktest } = await import('./backtest.ts');
      const { createDiagnostics } = await import('../run/diagnostics.ts');
      print(await rulesBacktest(paths, options, createDiagnostics()));
    });
}

function addNew(rules: Command): void {
  rules
    .command('new <file>')
    .description('write a rule to start from; - prints it')
    .option('--title <title>', 'title of the rule', 'New Rule')
    .addOption(
      new Option('--category <category>', 'category of its log source')
        .choices(['network_connection', 'dns', 'proxy', 'webserver', 'process_creation'])
        .default('network_connection'),
    )
    .action(async (file, options) => {
      const { rulesNew } = await import('./new.ts');
      print(rulesNew(file, options));
    });
}

const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function print({ stdout, exitCode }: { readonly stdout: string; readonly exitCode: number }): void {
  // Whoever reads may have seen enough (`| head`).
  process.stdout.on('error', () => undefined);
  process.stdout.write(stdout);
  process.exitCode = exitCode;
}
