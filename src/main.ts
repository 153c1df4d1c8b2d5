import { endProcess } from './cli/end-process.ts';
import { buildProgram } from './cli/program.ts';
import { ERROR_CODES, EXIT, TelegenError } from './model/errors.ts';

/** The one composition root's front door: parses the command line, reports errors, sets the exit code. */
async function main(): Promise<void> {
  try {
    await buildProgram().parseAsync(process.argv);
  } catch (error) {
    // What was opened before the error (lists that are watched, a collector) must not keep the program alive.
    await endProcess(report(error));
  }
}

function report(error: unknown): number {
  if (error instanceof TelegenError) {
    process.stderr.write(`telegen: ${error.code}: ${error.message}\n`);
    return ERROR_CODES[error.code];
  }
  process.stderr.write(`telegen: internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.failure;
}

await main();
