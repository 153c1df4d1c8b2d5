import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configCheck, configPrint, configSchema } from '../../src/cli/config.ts';
import { TelegenError } from '../../src/model/errors.ts';

let dir = '';
const file = (name: string): string => join(dir, name);
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'telegen-config-'));
  writeFileSync(file('good.yaml'), 'agent: {network: {xdp: {enabled: false}}}\n');
  writeFileSync(file('plain.yaml'), 'otlp: {compression: gzip}\n');
  writeFileSync(
    file('bad.yaml'),
    'agent:\n  network:\n    dns:\n      enabeld: true\n    xdp: {enabled: no}\n',
  );
  writeFileSync(file('token'), 'Bearer t0ken\n');
  writeFileSync(
    file('secret.yaml'),
    'otlp: {endpoint: "h:4317", headers: {x-key: s3cret, authorization: {file: token}}}\n',
  );
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('config check', () => {
  test('text: ok', () => {
    expect(configCheck(file('plain.yaml'), 'text')).toEqual({
      stdout: `${file('plain.yaml')}: ok\n`,
      exitCode: 0,
    });
  });

  test('text: problems, one a line', () => {
    const { stdout, exitCode } = configCheck(file('bad.yaml'), 'text');
    expect(exitCode).toBe(2);
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      `${file('bad.yaml')}:4:7: agent.network.dns.enabeld: unknown key; did you mean "enabled"?`,
      `${file('bad.yaml')}:5:20: agent.network.xdp.enabled: found the string "no"; must be true or false; write false`,
    ]);
  });

  test('json: ok', () => {
    const { stdout, exitCode } = configCheck(file('good.yaml'), 'json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ ok: true, problems: [], inactive: [] });
  });

  test('json: problems', () => {
    const { stdout, exitCode } = configCheck(file('bad.yaml'), 'json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      problems: [
        {
          file: file('bad.yaml'),
          line: 4,
          column: 7,
          key: 'agent.network.dns.enabeld',
          message: 'unknown key; did you mean "enabled"?',
        },
        {
          file: file('bad.yaml'),
          line: 5,
          column: 20,
          key: 'agent.network.xdp.enabled',
          message: 'found the string "no"; must be true or false; write false',
        },
      ],
      inactive: [],
    });
  });

  test('json: a file that cannot be read has no line', () => {
    const { stdout, exitCode } = configCheck(file('none.yaml'), 'json');
    const problem = { file: file('none.yaml'), line: 0, column: 0, key: '', message: 'no such file' };
    expect([JSON.parse(stdout), exitCode]).toEqual([{ ok: false, problems: [problem], inactive: [] }, 2]);
    expect(configCheck(file('none.yaml'), 'text').stdout).toBe(`${file('none.yaml')}: no such file\n`);
  });
});

describe('config print', () => {
  test('defaults filled in', () => {
    const { stdout, exitCode } = configPrint(file('good.yaml'));
    expect(exitCode).toBe(0);
    expect(parse(stdout)).toMatchObject({
      agent: {
        network: { dns: { enabled: true }, ring_buffer_size: 16_777_216, security: { merge_window: '5m' } },
      },
      otlp: { timeout: '10s', service_name: 'telegen' },
    });
    expect(parse(configPrint(undefined).stdout)).toEqual(parse(stdout));
  });

  test('header values are masked, header files are named', () => {
    const { stdout } = configPrint(file('secret.yaml'));
    expect(stdout).not.toMatch(/s3cret|t0ken/);
    expect(parse(stdout).otlp.headers).toEqual({
      'x-key': '<masked>',
      authorization: { file: file('token') },
    });
  });

  test('a bad file is an error, not output', () => {
    expect(() => configPrint(file('bad.yaml'))).toThrow(TelegenError);
  });
});

test('config schema', () => {
  const { stdout, exitCode } = configSchema();
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    type: 'object',
    additionalProperties: false,
    properties: { otlp: { properties: { compression: { enum: ['none', 'gzip'], default: 'none' } } } },
  });
});
