import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { endTelegens, watch } from '../support/telegen.ts';

const skip = whyNoSandbox();

const portRule = (port: number, title: string): string => `title: ${title}
id: 00000000-0000-4000-8000-0000000${port}
level: high
author: Somebody
logsource: {category: network_connection, product: linux}
detection:
    selection: {DestinationPort: ${port}, Initiated: 'true'}
    condition: selection
`;
const PROCESS_RULE = `title: Peer Started
id: 00000000-0000-4000-8000-000000000099
level: low
logsource: {category: process_creation, product: linux}
detection:
    selection: {CommandLine|contains: tcp4}
    condition: selection
`;

describe.skipIf(skip !== undefined)(`rules, live${skip === undefined ? '' : ` (SKIP: ${skip})`}`, () => {
  let sandbox: Sandbox;
  const folder = mkdtempSync(join(tmpdir(), 'telegen-rules-'));
  const file = join(folder, 'own.yml');

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await sandbox?.endPrograms();
    await endTelegens();
  });
  afterAll(async () => {
    await sandbox?.close();
    rmSync(folder, { recursive: true });
  });

  const connect = (port: number): Promise<string> => sandbox.peer(`tcp4 connect 198.51.100.7 ${port}`).end();

  it('judge kernel events, with their process; SIGHUP renews them; a broken file leaves them in force', async () => {
    writeFileSync(file, `${portRule(4711, 'First')}---\n${PROCESS_RULE}`);
    const telegen = await watch(sandbox, { config: { rules: { paths: [folder] } } });
    await connect(4711);
    const first = await telegen.alert('the alert of the rule', ({ body }) => body === 'First');
    expect(first).toMatchObject({
      severity: 'ERROR',
      attributes: {
        'network.event_type': 'rule_match',
        'telegen.rule.id': '00000000-0000-4000-8000-00000004711',
        'telegen.rule.author': 'Somebody',
        'net.peer.ip': '198.51.100.7',
        'net.peer.port': 4711,
      },
    });
    expect(first.attributes['process.pid']).toBeTypeOf('number');
    const started = await telegen.alert('the alert of the process', ({ body }) => body === 'Peer Started');
    expect(started.attributes['telegen.rule.matched']).toEqual([expect.stringContaining('CommandLine=')]);
    expect(started.attributes['process.command_line']).toContain('tcp4');

    writeFileSync(file, portRule(4712, 'Second'));
    telegen.signal('SIGHUP');
    await telegen.says('reloaded: rules: 1 in force');
    await connect(4712);
    await telegen.alert('the alert of the new rule', ({ body }) => body === 'Second');

    writeFileSync(file, 'title: [');
    telegen.signal('SIGHUP');
    const told = await telegen.alert(
      'the failed reload',
      ({ attributes }) => attributes['network.event_type'] === 'telegen.rules',
    );
    expect(told.body).toContain(`${file}:1:`);
    await connect(4712);
    const { code, stderr } = await telegen.stop();
    expect(code).toBe(0);
    expect(stderr).toContain('the old ones stay in force');
    // The old rule counted on.
    expect(telegen.alerts().filter(({ body }) => body === 'Second').length).toBeGreaterThan(1);
  });
});
