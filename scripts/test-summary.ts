// test-summary.ts STATUS REPORT...: adds up vitest's JSON reports; the last line is "N passed, N failed[, N skipped]".
// STATUS is vitest's own exit status. Ends with 1 when anything failed or nothing ran.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

export interface Summary {
  readonly passed: number;
  readonly skipped: readonly string[];
  readonly failed: readonly string[];
}

/** Of a failed test's message: whoever sees only the end of the log must know why. */
const MESSAGE_LENGTH = 300;

/** The first line of what failed and the first place in a test of ours, on a line. */
function reason(messages: readonly string[] = []): string {
  const [message = ''] = messages;
  const [first = '', ...rest] = message.split('\n');
  const place = rest.map((line) => /\/(test\/\S+?\.ts:\d+)/.exec(line)?.[1]).find((found) => found);
  if (first === '') return '';
  const text = first.length > MESSAGE_LENGTH ? `${first.slice(0, MESSAGE_LENGTH)}...` : first;
  return `: ${text}${place === undefined ? '' : ` (${place})`}`;
}

/** A report that is not there, a file that did not load and a vitest that failed without saying why count as failures. */
export function summarise(status: number, reports: readonly (Report | undefined)[]): Summary {
  let passed = 0;
  const failed: string[] = [];
  const skipped: string[] = [];
  for (const report of reports) {
    if (report === undefined) failed.push('a whole project: vitest left no report');
    for (const file of report?.testResults ?? []) {
      const bad = file.assertionResults.filter((test) => test.status === 'failed');
      passed += file.assertionResults.filter((test) => test.status === 'passed').length;
      failed.push(...bad.map((test) => `${test.fullName}${reason(test.failureMessages)}`));
      const others = file.assertionResults.filter(
        (test) => test.status !== 'failed' && test.status !== 'passed',
      );
      skipped.push(...others.map((test) => test.fullName));
      if (file.status === 'failed' && bad.length === 0)
        failed.push(`${file.name}: ${file.message ?? 'did not load'}`);
    }
  }
  if (status !== 0 && failed.length === 0) failed.push(`vitest ended with status ${status}: see above`);
  if (passed + failed.length === 0) failed.push('no test ran');
  return { passed, failed, skipped };
}

/** The list of what was skipped (its name says why) and what failed, then the line that counts. */
export function describeSummary({ passed, failed, skipped }: Summary): string {
  const lines = [
    ...skipped.map((name) => `SKIPPED ${name}`),
    ...failed.map((name) => `FAILED ${name}`),
    `${passed} passed, ${failed.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`,
  ];
  return `${lines.join('\n')}\n`;
}

function read(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [status, ...files] = process.argv.slice(2);
  const summary = summarise(Number(status), files.map(read));
  process.stdout.write(describeSummary(summary));
  process.exitCode = summary.failed.length > 0 ? 1 : 0;
}
