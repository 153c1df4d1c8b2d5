import { type Command, Option } from 'commander';

/** `telegen rules ...`. Modules are loaded per command. */
export function addRules(program: Command): void {
  const rules = program.command('rules').description('check, try and list Sigma rules');
  addCheck(rules);
  addMatch(rules);
  addList(rules);
}

const placeholders = (): Option =>
  new Option('--placeholders <file>', 'lists for %placeholders% (YAML: name to list of values)');

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
    .addOption(placeholders())
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
    .addOption(portable())
    .action(async (paths, options) => {
      const { rulesList } = await import('./list.ts');
      print(rulesList(paths, options));
    });
}

function print({ stdout, exitCode }: { readonly stdout: string; readonly exitCode: number }): void {
  // Whoever reads may have seen enough (`| head`).
  process.stdout.on('error', () => undefined);
  process.stdout.write(stdout);
  process.exitCode = exitCode;
}
