import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pcap } from '../../support/capture-files.ts';
import { text } from '../../support/packets.ts';
import { tcpScript } from '../../support/tcp-script.ts';

const TELEGEN = new URL('../../../bin/telegen', import.meta.url).pathname;

/** A connection to a port that alerts. */
function suspicious(server: string): Uint8Array {
  const script = tcpScript({ server, serverPort: 4444 });
  script.handshake();
  script.say('client', 'PA', text('something of its own'));
  script.close();
  return pcap(script.packets);
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-replay-'));
  writeFileSync(join(folder, 'a.pcap'), suspicious('198.51.100.2'));
  writeFileSync(join(folder, 'b.pcap'), suspicious('198.51.100.3'));
  const script = tcpScript();
  script.handshake();
  writeFileSync(join(folder, 'wifi.pcap'), pcap(script.packets, { linkType: 105 }));
  writeFileSync(join(folder, 'no-capture'), 'hello, this is text');
  writeFileSync(join(folder, 'rules.yaml'), 'rules: {paths: [no-rules]}\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function replay(...args: string[]) {
  return spawnSync(TELEGEN, ['replay', ...args], { cwd: folder, encoding: 'utf8' });
}

describe('several files', () => {
  const both = /^telegen: TELEGEN_CAPTURE: .*missing\.pcap.*\ntelegen: TELEGEN_CAPTURE: .*no-capture/;

  test('what is missing or no capture costs nothing of the others; it is named, exit code 1', () => {
    const { status, stderr, stdout } = replay('a.pcap', 'missing.pcap', 'no-capture', 'b.pcap');
    expect(stdout).toBe(replay('a.pcap', 'b.pcap').stdout);
    expect(stdout.match(/suspicious/g)?.length).toBeGreaterThan(1);
    expect(stderr).toMatch(both);
    expect(status).toBe(1);
  });

  test.each(['summary', 'metrics', 'topology'])('%s is told, too', (form) => {
    const { stdout } = replay('--output', form, 'missing.pcap', 'a.pcap', 'no-capture');
    expect(stdout).toBe(replay('--output', form, 'a.pcap').stdout);
    expect(stdout).not.toBe('');
  });

  test('none of them is a capture: exit code 2, and nothing is told', () => {
    const { status, stderr, stdout } = replay('--output', 'summary', 'missing.pcap', 'no-capture');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(both);
  });
});

test('a link that is not decoded: said with its number and name, exit code 1', () => {
  const { status, stderr, stdout } = replay('wifi.pcap');
  expect(stderr).toBe(
    'telegen: WARNING: wifi.pcap: 3 of 3 frames could not be decoded: 3 of link type 105 (802.11)\n',
  );
  expect([status, stdout]).toEqual([1, '']);
});

test('rules that are not there are a mistake on the command line, and none in the configuration', () => {
  const given = replay('--rules', 'no-rules', 'a.pcap');
  expect(given.stderr).toMatch(/^telegen: TELEGEN_RULES: no-rules: there is no such file; name a rule file/);
  expect([given.status, given.stdout]).toEqual([2, '']);
  const configured = replay('-c', 'rules.yaml', 'a.pcap');
  expect(configured.stderr).toMatch(/^telegen: WARNING: rules: .*no-rules.*there is no such file/);
  expect(configured.status).toBe(0);
});
