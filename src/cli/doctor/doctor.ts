import { loadConfig } from '../../config/load.ts';
import { EXIT } from '../../model/errors.ts';
import { hookChecks } from './hook-checks.ts';
import { type Check, hostChecks } from './host-checks.ts';
import { kubernetesCheck } from './kubernetes-check.ts';
import { packetChecks } from './packet-checks.ts';

export interface CommandResult {
  readonly stdout: string;
  readonly exitCode: number;
}

export interface DoctorOptions {
  readonly format: 'text' | 'json';
  /** Configuration file: which Kubernetes API is asked. */
  readonly config?: string;
}

const MARKS = { ok: 'ok      ', degraded: 'degraded', missing: 'MISSING ' } as const;

/** `telegen doctor`: what this host has and lacks, each hook tried for real. Exit code 3 when something needed lacks. */
export async function doctor(options: DoctorOptions): Promise<CommandResult> {
  const { format, config } = options;
  const { kubernetes } = loadConfig(config).config;
  const host = [...hostChecks(), await kubernetesCheck(kubernetes, process.env)];
  const blocked = host.some((check) => check.state === 'missing');
  const checks = blocked ? host : [...host, ...(await hookChecks()), ...packetChecks()];
  const ok = checks.every((check) => check.state !== 'missing');
  const stdout = format === 'json' ? `${JSON.stringify({ ok, checks }, null, 2)}\n` : text(checks, ok);
  return { stdout, exitCode: ok ? EXIT.ok : EXIT.host };
}

function text(checks: readonly Check[], ok: boolean): string {
  const width = Math.max(...checks.map((check) => check.name.length));
  const lines = checks.map((check) => {
    const cure =
      check.state === 'ok' || check.cure === undefined
        ? ''
        : `\n${' '.repeat(width + 12)}cure: ${check.cure}`;
    return `${MARKS[check.state]}  ${check.name.padEnd(width)}  ${check.detail}${cure}`;
  });
  const verdict = ok
    ? 'telegen can run on this host.'
    : 'telegen cannot run on this host: see MISSING above.';
  return `${[...lines, '', verdict].join('\n')}\n`;
}
