import { copyFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { peerProgram } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { brief, endTelegens, type OutputLine, watch } from '../support/telegen.ts';
import { actor, ISO_TIME, listConfig, outbound, UID } from './expectations.ts';

const skip = whyNoSandbox();

interface Row {
  readonly name: string;
  readonly security: object;
  readonly operations: string;
  /** Peers that alert, in order. */
  readonly alerts: readonly string[];
}

const BOTH = 'tcp4 connect 203.0.113.7 8080 close tcp6 connect 2001:db8:1::1 8443 close';
const ROWS: readonly Row[] = [
  {
    name: 'public addresses, both families',
    security: {},
    operations: BOTH,
    alerts: ['203.0.113.7', '2001:db8:1::1'],
  },
  {
    name: 'one without a route as well',
    security: {},
    operations: 'tcp4 connect 203.0.113.200 80',
    alerts: ['203.0.113.200'],
  },
  {
    name: 'loopback is internal',
    security: {},
    operations: 'tcp4 connect 127.0.0.1 8080 close tcp6 connect ::1 8080',
    alerts: [],
  },
  {
    name: 'a UDP connect() that never sends',
    security: {},
    operations: 'udp4 connect 203.0.113.7 53',
    alerts: [],
  },
  {
    name: 'UDP that sends',
    security: {},
    operations: 'udp4 sendto 203.0.113.7 53 20',
    alerts: ['203.0.113.7'],
  },
  {
    name: 'internal_networks decides what is external',
    security: { internal_networks: ['203.0.113.0/24', '2001:db8::/32'] },
    operations: `${BOTH} tcp4 connect 127.0.0.1 8080 close`,
    alerts: ['127.0.0.1'],
  },
  {
    name: 'allowed by address',
    security: { allow: { cidrs: ['203.0.113.0/28'] } },
    operations: BOTH,
    alerts: ['2001:db8:1::1'],
  },
  {
    name: 'allowed by port',
    security: { allow: { ports: [8443] } },
    operations: BOTH,
    alerts: ['203.0.113.7'],
  },
  {
    name: 'allowed by program',
    security: { allow: { processes: ['/*/backup'] } },
    operations: BOTH,
    alerts: [],
  },
  {
    name: 'another program is not allowed',
    security: { allow: { processes: ['/usr/bin/*', '/*/backu'] } },
    operations: BOTH,
    alerts: ['203.0.113.7', '2001:db8:1::1'],
  },
  { name: 'switched off', security: { external_connection_alerts: false }, operations: BOTH, alerts: [] },
];

describe.skipIf(skip !== undefined)(`external egress${skip === undefined ? '' : ` (SKIP: ${skip})`}`, () => {
  let sandbox: Sandbox;
  let backup: string;

  beforeAll(async () => {
    sandbox = await openSandbox();
    backup = `${sandbox.folder}/backup`;
    copyFileSync(peerProgram(), backup);
  });
  afterEach(async () => {
    await sandbox?.endPrograms();
    await endTelegens();
  });
  afterAll(() => sandbox?.close());

  const external = (security: object = {}) =>
    listConfig(sandbox, {}, { external_connection_alerts: true, ...security });
  const run = (operations: string) => sandbox.start([backup, ...operations.split(' ')]);

  function alertFor(
    pid: number,
    operations: string,
    peer: { ip: string; port: number; transport?: 'tcp' | 'udp' },
  ) {
    return {
      timestamp: ISO_TIME,
      severity: 'INFO',
      body: 'Outbound connection to external address',
      attributes: {
        'network.event_type': 'external_connection',
        'telegen.detector': 'external-egress',
        'telegen.reasons': ['external_connection'],
        'telegen.phase': 'attempted',
        ...outbound({ peer: peer.ip, port: peer.port, transport: peer.transport }),
        ...actor({ pid, path: backup, command: `${backup} ${operations}` }),
        'log.record.uid': UID,
      },
    };
  }

  it.each(ROWS)('$name', async ({ security, operations, alerts }) => {
    const telegen = await watch(sandbox, { config: external(security) });
    await run(operations).end();
    await telegen.stop();
    expect(telegen.alerts().map(({ attributes }) => attributes['net.peer.ip'])).toEqual(alerts);
  });

  it('says who, whereto and why', async () => {
    const telegen = await watch(sandbox, { config: external() });
    const operations = 'tcp4 connect 203.0.113.7 8080 close';
    const program = run(operations);
    await program.end();
    await telegen.stop();
    expect(telegen.alerts()).toEqual([alertFor(program.pid, operations, { ip: '203.0.113.7', port: 8080 })]);
  });

  it('gives one alert and one closing record with the count for 100 connections', async () => {
    const server = sandbox.peer('tcp4 bind 203.0.113.7 8080 listen port repeat 100 accept close', {
      cgroup: 'none',
      namespace: 'outside',
    });
    await server.number();
    const telegen = await watch(sandbox, { config: external() });
    const operations = 'repeat 100 tcp4 connect 203.0.113.7 8080 eof close';
    const program = run(operations);
    await program.end();
    await server.end();
    const { stderr } = await telegen.stop();
    const alert = alertFor(program.pid, operations, { ip: '203.0.113.7', port: 8080 });
    const closing = {
      ...alert,
      attributes: {
        ...alert.attributes,
        'telegen.summary': true,
        'telegen.count': 100,
        'telegen.first_seen': ISO_TIME,
        'telegen.last_seen': ISO_TIME,
      },
    };
    expect(telegen.alerts()).toEqual([alert, closing]);
    expect(stderr).toContain('telegen: alerts: 1 sent, 99 merged, 1 summaries, 0 loss reports');
  });

  it('keeps processes and peers apart', async () => {
    const telegen = await watch(sandbox, { config: external() });
    const operations = 'repeat 3 tcp4 connect 203.0.113.7 80 close tcp4 connect 203.0.113.8 80 close';
    const programs = [run(operations), run(operations)];
    for (const program of programs) await program.end();
    await telegen.stop();
    const seen = telegen.alerts().map((alert) => brief(alert, 'process.pid', 'net.peer.ip', 'telegen.count'));
    const expected = programs.flatMap(({ pid }) =>
      ['203.0.113.7', '203.0.113.8'].flatMap((peer) => [`${pid} ${peer} -`, `${pid} ${peer} 3`]),
    );
    expect(seen.toSorted()).toEqual(expected.toSorted());
  });

  it('closes the window while it runs, and begins a new one', async () => {
    const telegen = await watch(sandbox, { config: external({ merge_window: '1s' }) });
    const program = run('repeat 5 tcp4 connect 203.0.113.7 8080 close');
    await program.end();
    const isClosing = (alert: OutputLine): boolean => alert.attributes['telegen.summary'] === true;
    await telegen.alert('the closing record', isClosing);
    // On a slow machine the five may spread over windows: what each says must still add up.
    const windows = (): number => telegen.alerts().filter((alert) => !isClosing(alert)).length;
    const counted = (): number => {
      const closings = telegen.alerts().filter(isClosing);
      const sum = closings.reduce((total, alert) => total + Number(alert.attributes['telegen.count']), 0);
      return sum + windows() - closings.length;
    };
    await eventually(
      () => counted() === 5,
      () => `5 in all, not ${counted()}`,
    );
    const before = windows();
    await run('tcp4 connect 203.0.113.7 8080 close').end();
    await telegen.stop();
    expect(windows()).toBe(before + 1);
  });
});
