import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cgroup2Mount } from '../../src/capture/live/cgroup.ts';
import { whyNoSandbox } from '../support/sandbox.ts';
import { command, spawnTelegen, VERSION } from '../support/telegen.ts';

const skip = whyNoSandbox();

describe('the command line', () => {
  it.each([
    [['--help'], ['run', 'config', 'doctor', 'top', 'version']],
    [['help'], ['run', 'config', 'doctor', 'version']],
    [
      ['run', '--help'],
      ['--cgroup <path>', '--output <form>', '--events <kinds>', '--interfaces <names>'],
    ],
    [
      ['config', '--help'],
      ['check', 'print', 'schema'],
    ],
    [['doctor', '--help'], ['--format <format>']],
  ])('%j helps and ends well', async (args, words) => {
    const { code, stdout, stderr } = await command(args);
    for (const word of words) expect(stdout).toContain(word);
    expect([code, stderr]).toEqual([0, '']);
  });

  it.each([
    [['rnu'], "error: unknown command 'rnu'\n(Did you mean run?)"],
    [['run', '--outptu', 'none'], "error: unknown option '--outptu'\n(Did you mean --output?)"],
    [['run', '--output', 'xml'], 'Allowed choices are auto, jsonl, pretty, none.'],
    [
      ['run', '--events', 'connection,ntp'],
      '"ntp": give all, or some of connection, dns, http, grpc, tls, packet_rate, probe, process',
    ],
    [['run', '--cgroup'], "option '--cgroup <path>' argument missing"],
    [['run', 'now'], "too many arguments for 'run'"],
    [['doctor', '--format', 'yaml'], 'Allowed choices are text, json.'],
    [['config', 'chekc', 'x'], "error: unknown command 'chekc'\n(Did you mean check?)"],
    [['config', 'check'], "error: missing required argument 'file'"],
    [[], 'Usage: telegen'],
  ])('%j is a mistake', async (args, words) => {
    const { code, stdout, stderr } = await command(args);
    expect(stderr).toContain(words);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('version', async () => {
    expect(await command(['version'])).toMatchObject({ code: 0, stdout: `telegen ${VERSION}\n`, stderr: '' });
  });

  it('config schema is JSON Schema, config print is YAML that config check accepts', async () => {
    const schema = await command(['config', 'schema']);
    expect(schema.code).toBe(0);
    expect(JSON.parse(schema.stdout)).toMatchObject({ type: 'object', properties: { agent: {}, otlp: {} } });
    const printed = await command(['config', 'print']);
    expect(printed.code).toBe(0);
    const { agent } = parse(printed.stdout) as { agent: { network: object } };
    const file = join(mkdtempSync(join(tmpdir(), 'telegen-print-')), 'printed.yaml');
    writeFileSync(file, printed.stdout);
    const checked = await command(['config', 'check', file]);
    rmSync(dirname(file), { recursive: true });
    expect(checked).toMatchObject({ code: 0, stderr: '' });
    expect(agent.network).toMatchObject({
      ring_buffer_size: 16_777_216,
      security: { suspicious_ports: [4444, 31_337] },
    });
  });

  it('config check of a file that is not there', async () => {
    const text = await command(['config', 'check', '/nonexistent.yaml']);
    expect(text.code).toBe(2);
    expect(text.stdout).toContain('/nonexistent.yaml');
    const json = await command(['config', 'check', '/nonexistent.yaml', '--format', 'json']);
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false });
  });
});

describe.skipIf(skip !== undefined)(`telegen doctor${skip === undefined ? '' : ` (SKIP: ${skip})`}`, () => {
  const HOST = ['kernel', 'btf', 'capabilities', 'cgroup v2', 'lockdown', 'memlock', 'tracefs', 'addon'];

  it('says as text what this host has, hooks tried for real', async () => {
    const { code, stdout, stderr } = await command(['doctor']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ok +capabilities +CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF$/m);
    expect(stdout).toMatch(/^ok +hook connect4 +core\/tg_connect4$/m);
    expect(stdout).toMatch(/\ntelegen can run on this host\.\n$/);
  });

  it('says the same as JSON', async () => {
    const { code, stdout } = await command(['doctor', '--format', 'json']);
    expect(code).toBe(0);
    const { ok, checks } = JSON.parse(stdout) as {
      ok: boolean;
      checks: { name: string; state: string; detail: string }[];
    };
    expect(ok).toBe(true);
    const names = checks.map((check) => check.name);
    expect(names.slice(0, HOST.length)).toEqual(HOST);
    expect(names.slice(HOST.length)).toEqual(
      expect.arrayContaining(['hook connect4', 'hook tcp', 'hook process-exec']),
    );
    for (const check of checks) {
      expect(['ok', 'degraded']).toContain(check.state);
      expect(check.detail).not.toBe('');
    }
  });

  it('leaves no cgroup behind', async () => {
    const doctor = spawnTelegen(['doctor']);
    await doctor.ended();
    const mount = cgroup2Mount() ?? '';
    expect(existsSync(mount)).toBe(true);
    expect(readdirSync(mount)).not.toContain(`telegen-doctor-${doctor.pid}`);
  });
});
