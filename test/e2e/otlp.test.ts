import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type OtlpReceiver, type ReceiverTls, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { endTelegens, type Telegen, VERSION, watch } from '../support/telegen.ts';
import { type Certificates, makeCertificates } from '../telemetry/support/certificates.ts';
import { LISTED_V4, LISTED_V6, listConfig } from './expectations.ts';

const skip = whyNoSandbox();

interface Way {
  readonly name: string;
  readonly tls: (certificates: Certificates) => ReceiverTls | undefined;
  readonly otlp?: (certificates: Certificates, receiver: OtlpReceiver) => object;
  readonly env?: (certificates: Certificates, receiver: OtlpReceiver) => Record<string, string>;
  readonly metadata?: Record<string, string>;
  readonly encoding?: string;
}

const serverTls = ({ server }: Certificates): ReceiverTls => ({ cert: server.cert, key: server.key });
const mutualTls = (all: Certificates): ReceiverTls => ({ ...serverTls(all), clientCa: all.ca.cert });

const WAYS: readonly Way[] = [
  {
    name: 'plaintext',
    tls: () => undefined,
    otlp: (_all, { address }) => ({ endpoint: `http://${address}` }),
  },
  {
    name: 'TLS',
    tls: serverTls,
    otlp: ({ ca }, { address }) => ({ endpoint: `https://${address}`, tls: { ca_file: ca.certFile } }),
  },
  {
    name: 'mTLS',
    tls: mutualTls,
    otlp: ({ ca, client }, { address }) => ({
      endpoint: address,
      tls: { ca_file: ca.certFile, cert_file: client.certFile, key_file: client.keyFile },
    }),
  },
  {
    name: 'headers and gzip',
    tls: () => undefined,
    otlp: (_all, { address }) => ({
      endpoint: address,
      insecure: true,
      compression: 'gzip',
      headers: { 'x-api-key': 'a secret' },
    }),
    metadata: { 'x-api-key': 'a secret' },
    encoding: 'gzip',
  },
  {
    name: 'OTEL_* variables alone, plaintext',
    tls: () => undefined,
    env: (_all, { address }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${address}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=soc',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    }),
    metadata: { 'x-tenant': 'soc' },
    encoding: 'gzip',
  },
  {
    name: 'OTEL_* variables alone, mTLS',
    tls: mutualTls,
    env: ({ ca, client }, { address }) => ({
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `https://${address}`,
      OTEL_EXPORTER_OTLP_CERTIFICATE: ca.certFile,
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: client.certFile,
      OTEL_EXPORTER_OTLP_CLIENT_KEY: client.keyFile,
    }),
  },
];

describe.skipIf(skip !== undefined)(
  `alerts at a collector${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandbox: Sandbox;
    let certificates: Certificates;
    let receiver: OtlpReceiver;

    beforeAll(async () => {
      sandbox = await openSandbox();
      certificates = makeCertificates();
    });
    afterEach(async () => {
      await sandbox?.endPrograms();
      await endTelegens();
      await receiver?.stop();
    });
    afterAll(async () => {
      certificates?.remove();
      await sandbox?.close();
    });

    const attack = (address = LISTED_V4): Promise<string> =>
      sandbox.peer(`${address.includes(':') ? 'tcp6' : 'tcp4'} connect ${address} 4444`).end();
    const configWith = (otlp: object): object => ({ ...listConfig(sandbox), otlp });

    it.each(WAYS)('arrive whole: $name', async ({ tls, otlp, env, metadata = {}, encoding = 'identity' }) => {
      const serverSide = tls(certificates);
      receiver = await startOtlpReceiver(serverSide === undefined ? {} : { tls: serverSide });
      const telegen = await watch(sandbox, {
        config: otlp === undefined ? listConfig(sandbox) : configWith(otlp(certificates, receiver)),
        env: env?.(certificates, receiver) ?? {},
      });
      await attack();
      await attack(LISTED_V6);
      await eventually(
        () => receiver.records.length === 2,
        () => `two records at the collector: ${telegen.stderr()}`,
      );
      const { stderr } = await telegen.stop();
      expect(stderr).toContain('telegen: otlp: 2 accepted, 2 delivered');
      const [first, second] = telegen.alerts();
      expect(receiver.records).toHaveLength(2);
      // The form on stdout is checked elsewhere, to the last attribute: the collector must get the same.
      expect(receiver.records.map((record) => record.attributes)).toEqual([
        first?.attributes,
        second?.attributes,
      ]);
      for (const [index, record] of receiver.records.entries()) {
        expect(record).toMatchObject({
          severityNumber: 13,
          severityText: 'WARNING',
          body: 'Suspicious outbound connection to known bad IP',
          eventName: 'telegen.detection.suspicious_connection',
          droppedAttributesCount: 0,
          resource: { 'service.name': 'telegen', 'service.version': VERSION },
          scope: { name: 'telegen', version: VERSION },
        });
        const timeMs = Math.floor(Number(record.timeUnixNano / 1000n) / 1000);
        expect(new Date(timeMs).toISOString()).toBe(telegen.alerts()[index]?.timestamp);
      }
      for (const request of receiver.requests) {
        expect(request.metadata).toMatchObject(metadata);
        expect(request.encoding).toBe(encoding);
      }
    });

    it('never fall back to plaintext, and say why, when the CA is the wrong one', async () => {
      receiver = await startOtlpReceiver({ tls: serverTls(certificates) });
      const telegen = await watch(sandbox, {
        config: configWith({
          endpoint: `https://${receiver.address}`,
          tls: { ca_file: certificates.otherCa.certFile },
        }),
      });
      await attack();
      await telegen.says('telegen: ERROR: alerts cannot be sent to');
      const { code, stderr } = await telegen.stop();
      expect(stderr).toMatch(/ERROR: alerts cannot be sent to https:.*certificate.*check otlp\.tls/);
      expect(stderr).toContain('telegen: otlp: 1 accepted, 0 delivered, 1 kept on disk');
      expect(code).toBe(0);
      expect(receiver.requests).toEqual([]);
      expect(telegen.alerts()).toHaveLength(1);
    });

    it('are refused without a client certificate where one is demanded', async () => {
      receiver = await startOtlpReceiver({ tls: mutualTls(certificates) });
      const telegen = await watch(sandbox, {
        config: configWith({
          endpoint: `https://${receiver.address}`,
          tls: { ca_file: certificates.ca.certFile },
        }),
      });
      await attack();
      await telegen.says('telegen: ERROR: alerts cannot be sent to');
      await telegen.stop();
      expect(receiver.requests).toEqual([]);
    });

    it('wait for a collector that comes later', async () => {
      const probe = await startOtlpReceiver();
      const { port } = probe;
      await probe.stop();
      const telegen: Telegen = await watch(sandbox, {
        config: configWith({ endpoint: `http://127.0.0.1:${port}` }),
      });
      await attack();
      await telegen.says('telegen: ERROR: alerts cannot be sent to');
      receiver = await startOtlpReceiver({ port });
      await eventually(
        () => receiver.records.length === 1,
        () => `the record at the collector: ${telegen.stderr()}`,
      );
      const { stderr } = await telegen.stop();
      expect(stderr).toContain('telegen: otlp: 1 accepted, 1 delivered');
    });

    it('outlive an agent that is killed while the collector is away', async () => {
      const probe = await startOtlpReceiver();
      const { port } = probe;
      await probe.stop();
      const env = { STATE_DIRECTORY: `${sandbox.folder}/killed` };
      const config = configWith({ endpoint: `http://127.0.0.1:${port}` });
      const first = await watch(sandbox, { config, env });
      await attack();
      await first.says('telegen: ERROR: alerts cannot be sent to');
      await first.stop('SIGKILL');
      receiver = await startOtlpReceiver({ port });
      const second = await watch(sandbox, { config, env });
      await second.says('1 alerts of an earlier run wait for otlp in');
      await eventually(
        () => receiver.records.length === 1,
        () => `the record at the collector: ${second.stderr()}`,
      );
      expect(receiver.records[0]?.attributes['log.record.uid']).toBe(
        first.alerts()[0]?.attributes['log.record.uid'],
      );
      const { stderr } = await second.stop();
      expect(stderr).toContain('telegen: otlp: 0 accepted, 1 of an earlier run, 1 delivered\n');
    });

    it('wait in memory, and the operator is told, when the directory is in use', async () => {
      receiver = await startOtlpReceiver();
      const env = { STATE_DIRECTORY: `${sandbox.folder}/shared` };
      const config = configWith({ endpoint: `http://${receiver.address}` });
      const first = await watch(sandbox, { config, env });
      const second = await watch(sandbox, { config, env });
      expect(first.stderr()).not.toContain('in memory');
      expect(second.stderr()).toContain(
        `WARNING: alerts wait in memory, where a crash loses them: ${env.STATE_DIRECTORY}/spool is in use by another telegen (pid ${first.pid})`,
      );
      await attack();
      await eventually(
        () => receiver.records.length === 2,
        () => `two records at the collector: ${second.stderr()}`,
      );
    });

    it('and otlp.events: events come beside alerts, under the names that were chosen', async () => {
      receiver = await startOtlpReceiver();
      const otlp = { endpoint: `http://${receiver.address}`, events: ['connection'] };
      const config = { ...configWith(otlp), semantic_conventions: 'otel' };
      const telegen = await watch(sandbox, { config });
      await attack();
      const named = (name: string) => receiver.records.filter((record) => record.eventName === name);
      await eventually(
        () => named('telegen.event.connection').length >= 2 && receiver.records.length >= 3,
        () => `an alert and two events at the collector: ${telegen.stderr()}`,
      );
      const { stderr } = await telegen.stop();
      expect(stderr).toMatch(/telegen: otlp\.events: (\d+) accepted, \1 delivered$/m);
      expect(named('telegen.event.connection').map((record) => record.attributes['telegen.phase'])).toContain(
        'attempted',
      );
      const [alert] = named('telegen.detection.suspicious_connection');
      for (const record of [alert, ...named('telegen.event.connection')]) {
        expect(record?.attributes).toMatchObject({
          'network.peer.address': LISTED_V4,
          'network.peer.port': 4444,
        });
        expect(record?.attributes).not.toHaveProperty(['net.peer.ip']);
      }
      expect(telegen.alerts()[0]?.attributes).toMatchObject({ 'network.peer.port': 4444 });
    });

    it('go to the collector alone when stdout is not asked for', async () => {
      receiver = await startOtlpReceiver();
      const telegen = await watch(sandbox, {
        config: configWith({ endpoint: `http://${receiver.address}` }),
        args: [],
      });
      await attack();
      await eventually(
        () => receiver.records.length === 1,
        () => `the record at the collector: ${telegen.stderr()}`,
      );
      const { stdout, stderr } = await telegen.stop();
      expect(stdout).toBe('');
      expect(stderr).toContain(`telegen: alerts go to OTLP ${receiver.address} (plaintext)`);
    });
  },
);
