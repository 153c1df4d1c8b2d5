import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { filterArrivals } from '../support/namespaces.ts';
import { peerProgram } from '../support/programs.ts';
import { openSandbox, type Place, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { endTelegens, type OutputLine, watch } from '../support/telegen.ts';
import { alertOf, LISTED_V4, LISTED_V6, listConfig } from './expectations.ts';

const skip = whyNoSandbox();

interface Row {
  readonly name: string;
  readonly operations: string;
  readonly transport?: 'tcp' | 'udp';
  readonly peer?: string;
  readonly entry?: string;
  readonly place?: Place;
}

const ROWS: readonly Row[] = [
  { name: 'TCP over IPv4, refused', operations: `tcp4 connect ${LISTED_V4} 4444` },
  {
    name: 'TCP over IPv6, refused',
    operations: `tcp6 connect ${LISTED_V6} 4444`,
    peer: LISTED_V6,
    entry: '2001:db8:bad::/48',
  },
  { name: 'TCP to a v4-mapped address', operations: `tcp6 connect ::ffff:${LISTED_V4} 4444` },
  { name: 'UDP, connected', operations: `udp4 connect ${LISTED_V4} 4444 send 10`, transport: 'udp' },
  { name: 'UDP, unconnected', operations: `udp4 sendto ${LISTED_V4} 4444 10`, transport: 'udp' },
  {
    name: 'UDP over IPv6, connected',
    operations: `udp6 connect ${LISTED_V6} 4444 send 10`,
    transport: 'udp',
    peer: LISTED_V6,
    entry: '2001:db8:bad::/48',
  },
  {
    name: 'UDP over IPv6, unconnected',
    operations: `udp6 sendto ${LISTED_V6} 4444 10`,
    transport: 'udp',
    peer: LISTED_V6,
    entry: '2001:db8:bad::/48',
  },
  {
    name: 'UDP to a v4-mapped address',
    operations: `udp6 sendto ::ffff:${LISTED_V4} 4444 10`,
    transport: 'udp',
  },
  {
    name: 'another network namespace',
    operations: `tcp4 connect ${LISTED_V4} 4444`,
    place: { namespace: 'outside' },
  },
];

describe.skipIf(skip !== undefined)(
  `the specification's example alert${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandbox: Sandbox;
    let shell: string;

    beforeAll(async () => {
      sandbox = await openSandbox();
      mkdirSync(`${sandbox.folder}/tmp`);
      shell = `${sandbox.folder}/tmp/shell`;
      copyFileSync(peerProgram(), shell);
    });
    afterEach(async () => {
      await sandbox?.endPrograms();
      await endTelegens();
      if (sandbox) filterArrivals(sandbox.namespaces.outside, []);
    });
    afterAll(() => sandbox?.close());

    const run = (operations: string, place?: Place) =>
      sandbox.start([shell, ...operations.split(' ')], place);

    /** Runs the program to its end under telegen; returns its pid and every alert that telegen gave until it ended. */
    async function alertsOf(
      operations: string,
      place?: Place,
    ): Promise<{ pid: number; alerts: OutputLine[] }> {
      const telegen = await watch(sandbox, { config: listConfig(sandbox) });
      const program = run(operations, place);
      await program.end();
      const { code, stderr } = await telegen.stop();
      expect(code, stderr).toBe(0);
      return { pid: program.pid, alerts: telegen.alerts() };
    }

    it.each(ROWS)('alerts once: $name', async ({ operations, place, ...row }) => {
      const { pid, alerts } = await alertsOf(operations, place);
      expect(alerts).toEqual([alertOf({ pid, path: shell, command: `${shell} ${operations}`, ...row })]);
    });

    it('alerts once: from a cgroup below the observed one', async () => {
      const operations = `tcp4 connect ${LISTED_V4} 4444`;
      const { pid, alerts } = await alertsOf(operations, { cgroup: sandbox.subgroup('below/deeper') });
      expect(alerts).toEqual([alertOf({ pid, path: shell, command: `${shell} ${operations}` })]);
    });

    it('knows a program that is gone, file and all, before telegen gets to run', async () => {
      const telegen = await watch(sandbox, { config: listConfig(sandbox) });
      const gone = `${sandbox.folder}/tmp/gone`;
      copyFileSync(peerProgram(), gone);
      telegen.signal('SIGSTOP');
      const program = sandbox.start([gone, 'tcp4', 'connect', LISTED_V4, '4444']);
      await program.end();
      rmSync(gone);
      expect(existsSync(`/proc/${program.pid}`)).toBe(false);
      telegen.signal('SIGCONT');
      await telegen.alert('the alert');
      await telegen.stop();
      const command = `${gone} tcp4 connect ${LISTED_V4} 4444`;
      expect(telegen.alerts()).toEqual([alertOf({ pid: program.pid, path: gone, command })]);
    });

    it('alerts once when the peer accepts', async () => {
      const server = sandbox.peer(`tcp4 bind ${LISTED_V4} 4444 listen port accept eof close`, {
        cgroup: 'none',
        namespace: 'outside',
      });
      await server.number();
      const operations = `tcp4 connect ${LISTED_V4} 4444 send 100 close`;
      const { pid, alerts } = await alertsOf(operations);
      await server.end();
      expect(alerts).toEqual([alertOf({ pid, path: shell, command: `${shell} ${operations}` })]);
    });

    it('alerts at once, not after the timeout, when the peer never answers', async () => {
      filterArrivals(sandbox.namespaces.outside, [`ip daddr ${LISTED_V4} drop`]);
      const telegen = await watch(sandbox, { config: listConfig(sandbox) });
      const operations = `tcp4 connect ${LISTED_V4} 4444`;
      const program = run(operations);
      const alert = await telegen.alert('the alert');
      // The program still waits for an answer: its connect() has not returned.
      expect(existsSync(`/proc/${program.pid}/exe`)).toBe(true);
      expect(alert).toEqual(alertOf({ pid: program.pid, path: shell, command: `${shell} ${operations}` }));
      await program.kill();
      await telegen.stop();
      expect(telegen.alerts()).toEqual([alert]);
    });

    it('raises nothing for a UDP connect() that never sends, as resolvers do', async () => {
      const operations = `udp4 connect ${LISTED_V4} 4444 close udp6 connect ${LISTED_V6} 4444 close`;
      expect((await alertsOf(operations)).alerts).toEqual([]);
    });

    it('raises nothing for an address next to the listed one', async () => {
      expect((await alertsOf('tcp4 connect 198.51.100.51 80')).alerts).toEqual([]);
    });

    it('raises nothing for a program outside the observed cgroup', async () => {
      const observed = sandbox.subgroup('observed');
      const telegen = await watch(sandbox, { config: listConfig(sandbox), cgroup: observed });
      await run(`tcp4 connect ${LISTED_V4} 4444`).end();
      await run(`udp4 sendto ${LISTED_V4} 4444 10`).end();
      const inside = run(`tcp4 connect ${LISTED_V4} 4444`, { cgroup: observed });
      await inside.end();
      await telegen.stop();
      expect(telegen.alerts().map((alert) => alert.attributes['process.pid'])).toEqual([inside.pid]);
    });

    it('names pod, namespace and container', async () => {
      const uid = '1b4e28ba-2fa1-11d2-883f-0016d3cca427';
      const containerId = 'c0ffee00'.repeat(8);
      const slice = `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`;
      const cgroup = sandbox.subgroup(
        `kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-${containerId}.scope`,
      );
      const logs = `${sandbox.folder}/pods`;
      mkdirSync(`${logs}/shop_compromised-pod_${uid}`, { recursive: true });
      const config = listConfig(sandbox, { kubernetes: { pod_logs_dir: logs } });
      const telegen = await watch(sandbox, { config });
      const operations = `tcp4 connect ${LISTED_V4} 4444`;
      const program = run(operations, { cgroup });
      await program.end();
      await telegen.stop();
      const expected = alertOf({ pid: program.pid, path: shell, command: `${shell} ${operations}` });
      const workload = {
        'container.id': containerId,
        'k8s.pod.name': 'compromised-pod',
        'k8s.pod.uid': uid,
        'k8s.namespace.name': 'shop',
      };
      // The host's user names say nothing about users of a container.
      const { 'process.user.name': _hostUser, ...attributes } = expected.attributes;
      expect(telegen.alerts()).toEqual([{ ...expected, attributes: { ...attributes, ...workload } }]);
    });

    it('reports inbound connections from a listed address', async () => {
      const telegen = await watch(sandbox, { config: listConfig(sandbox) });
      const server = sandbox.start([
        shell,
        'tcp4',
        'bind',
        '192.0.2.2',
        '8080',
        'listen',
        'port',
        'accept',
        'eof',
      ]);
      await server.number();
      const client = sandbox.peer(`tcp4 bind ${LISTED_V4} 0 connect 192.0.2.2 8080 close`, {
        cgroup: 'none',
        namespace: 'outside',
      });
      await client.end();
      await server.end();
      await eventually(
        () => telegen.alerts().length > 0,
        () => telegen.stderr(),
      );
      await telegen.stop();
      expect(telegen.alerts()).toMatchObject([
        {
          severity: 'WARNING',
          body: 'Suspicious inbound connection from known bad IP',
          attributes: {
            'net.peer.ip': LISTED_V4,
            'net.host.port': 8080,
            'network.io.direction': 'inbound',
            'process.executable.path': shell,
            'telegen.reasons': ['blocklist'],
          },
        },
      ]);
    });
  },
);
