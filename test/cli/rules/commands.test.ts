import { Command, CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { addRules } from '../../../src/cli/rules/commands.ts';

async function refusal(...args: readonly string[]): Promise<string> {
  let said = '';
  const program = new Command('telegen')
    .exitOverride()
    .configureOutput({ writeErr: (text) => (said += text) });
  addRules(program);
  await expect(program.parseAsync(['rules', ...args], { from: 'user' })).rejects.toThrow(CommanderError);
  return said;
}

test.each([
  ['match', "error: required option '--events <file>' not specified"],
  ['backtest', "error: nothing to try the rules on; name a capture with '--pcap <file>' or events with"],
])('%s without anything to judge is a wrong command line', async (command, expected) => {
  expect(await refusal(command, 'rules')).toContain(expected);
});
