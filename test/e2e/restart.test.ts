import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { endTelegens, type OutputLine, type Telegen, watch } from '../support/telegen.ts';

const skip = whyNoSandbox();
const PORT = 4444;
/** Three connections to one peer within ten minutes. */
const RULES = `title: One Connection
name: one
logsource: {category: network_connection, product: linux}
detection:
    selection: {DestinationPort: ${PORT}, Initiated: 'true'}
    condition: selection
---
title: Three Connections
correlation:
    type: event_count
    rules: one
    group-by: [DestinationIp]
    timespan: 10m
    condition: {gte: 3}
level: high
`;

describe.skipIf(skip !== undefined)(`state over restarts ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let runs = 0;
  let state: string;

  beforeAll(async () => {
    sandbox = await openSandbox();
    writeFileSync(`${sandbox.folder}/rules.yml`, RULES);
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    await endTelegens();
  });
  afterAll(() => sandbox?.close());

  /** One telegen of a series that shares its state. */
  function start(fresh: boolean): Promise<Telegen> {
    if (fresh) state = `${sandbox.folder}/shared-${runs++}`;
    const config = {
      rules: { paths: [`${sandbox.folder}/rules.yml`] },
      // The spool, and with it the state, belongs to a destination that can be away.
      alerts: { file: { path: `${sandbox.folder}/alerts-${runs}.jsonl` } },
    };
    return watch(sandbox, { config, env: { STATE_DIRECTORY: state } });
  }
  /** The same program each time: windows are by program and peer. */
  const attacker = () => sandbox.peer(`repeat 9 tcp4 wait connect 198.51.100.7 ${PORT} close`);
  const of = (telegen: Telegen, body: RegExp): OutputLine[] =>
    telegen.alerts().filter((alert) => body.test(alert.body ?? ''));

  it('an orderly one: what was sent is not sent again, and correlations count on', async () => {
    const peer = attacker();
    const first = await start(true);
    for (let i = 0; i < 2; i += 1) {
      peer.go();
      await peer.line();
    }
    await first.alert('the alert of the port');
    await eventually(
      () => /2 connections|attempted 2/.test(first.stderr()) || of(first, /4444/).length > 0,
      'the alert',
    );
    await first.stop();
    const second = await start(false);
    expect(second.stderr()).toMatch(
      /of an earlier run: [1-9]\d* merge windows, 0 counts of limits, 1 groups of correlations go on/,
    );
    peer.go();
    await second.alert('the correlation over both runs', ({ body }) => body === 'Three Connections');
    const { stderr } = await second.stop();
    expect(of(second, /4444/).filter(({ attributes }) => attributes['telegen.summary'] !== true)).toEqual([]);
    expect(stderr).toMatch(/alerts: 1 sent, [1-9]\d* merged/);
  });

  it('a crash: the windows of the last snapshot go on', async () => {
    const peer = attacker();
    const first = await start(true);
    peer.go();
    await first.alert('the alert of the port');
    await eventually(() => existsSync(`${state}/spool/state`), 'the snapshot');
    await first.stop('SIGKILL');
    const second = await start(false);
    expect(second.stderr()).toMatch(/of an earlier run: [1-9]\d* merge windows/);
    peer.go();
    peer.go();
    await second.alert('the correlation over both runs', ({ body }) => body === 'Three Connections');
    await second.stop();
    expect(of(second, /4444/).filter(({ attributes }) => attributes['telegen.summary'] !== true)).toEqual([]);
  });

  it('a damaged file is told, ignored, and replaced', async () => {
    const first = await start(true);
    await first.stop();
    const file = `${state}/spool/state`;
    expect(readdirSync(`${state}/spool`)).toContain('state');
    writeFileSync(file, Buffer.concat([readFileSync(file).subarray(0, 20), Buffer.from('rubbish')]));
    const second = await start(false);
    expect(second.stderr()).toContain(`WARNING: state of an earlier run is ignored: ${file}: `);
    await second.stop();
    const third = await start(false);
    expect(third.stderr()).not.toContain('is ignored');
  });
});
