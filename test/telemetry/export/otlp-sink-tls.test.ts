import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AlertSink } from '../../../src/model/sink.ts';
import {
  type OtlpConfig,
  type OtlpOptions,
  type OtlpTlsConfig,
  resolveOtlpOptions,
} from '../../../src/telemetry/export/otlp-options.ts';
import { createOtlpSink } from '../../../src/telemetry/export/otlp-sink.ts';
import type { ExportReport } from '../../../src/telemetry/export/sink.ts';
import { alert } from '../../alerts/fixtures.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { expectProbed } from '../support/probed.ts';

const PATIENCE = { timeout: 25_000, interval: 10 };
const tuning = { baseDelayMs: 20, maxDelayMs: 60, lookIntervalMs: 0 };

let certs: Certificates;
beforeAll(() => {
  certs = makeCertificates();
});
afterAll(() => certs.remove());

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function tlsReceiver(mutual: boolean): Promise<OtlpReceiver> {
  const { cert, key } = certs.server;
  const receiver = await startOtlpReceiver({
    tls: { cert, key, ...(mutual ? { clientCa: certs.ca.cert } : {}) },
  });
  cleanups.push(() => receiver.stop());
  return receiver;
}

async function sinkWith(
  config: OtlpConfig,
  env: Record<string, string> = {},
  more: Partial<OtlpOptions> = {},
) {
  const resolved = resolveOtlpOptions(config, env);
  if (resolved === undefined) throw new Error('no endpoint');
  const otlp = { ...resolved, ...more };
  const reports: ExportReport[] = [];
  const onReport = (report: ExportReport) => void reports.push(report);
  const sink = await createOtlpSink({ otlp, serviceVersion: '1', env, tuning, onReport });
  cleanups.push(() => sink.close());
  return { sink, reports };
}

/** A listener that takes anything and remembers what came first on each connection. */
async function wiretap(): Promise<{ port: number; seen: () => Buffer[] }> {
  const seen: Buffer[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      seen.push(chunk);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, seen: () => seen };
}

describe('TLS', () => {
  const client = (): OtlpTlsConfig => ({ certFile: certs.client.certFile, keyFile: certs.client.keyFile });

  it.each([
    ['https with a CA file', (port: number) => `https://localhost:${port}`],
    ['an address', (port: number) => `https://127.0.0.1:${port}`],
    ['no scheme', (port: number) => `localhost:${port}`],
  ])('delivers all attributes: %s', async (_name, endpoint) => {
    // Node deprecates what gRPC does with an address as the server's name (DEP0123); tests print nothing.
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const receiver = await tlsReceiver(false);
    const { sink } = await sinkWith({
      endpoint: endpoint(receiver.port),
      tls: { caFile: certs.ca.certFile },
    });
    sink.send(alert('1', 'ERROR', { attributes: { 'telegen.reasons': ['a', 'b'], 'net.peer.port': 4444 } }));
    await vi.waitFor(() => expect(sink.counters.delivered).toBe(1), PATIENCE);
    expect(receiver.records[0]).toMatchObject({
      severityNumber: 17,
      attributes: { 'telegen.reasons': ['a', 'b'], 'net.peer.port': 4444, 'log.record.uid': '1' },
    });
    await expectProbed(receiver.port);
  });

  it('takes the CA and the client certificate from the standard variables', async () => {
    const receiver = await tlsReceiver(true);
    const { sink } = await sinkWith(
      {},
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: `https://localhost:${receiver.port}`,
        OTEL_EXPORTER_OTLP_CERTIFICATE: certs.ca.certFile,
        OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE: certs.client.certFile,
        OTEL_EXPORTER_OTLP_CLIENT_KEY: certs.client.keyFile,
      },
    );
    sink.send(alert('1'));
    await vi.waitFor(() => expect(sink.counters.delivered).toBe(1), PATIENCE);
  });

  it('delivers over mutual TLS', async () => {
    const receiver = await tlsReceiver(true);
    const tls = { caFile: certs.ca.certFile, ...client() };
    const { sink } = await sinkWith({ endpoint: `https://localhost:${receiver.port}`, tls });
    sink.send(alert('1'));
    await vi.waitFor(() => expect(sink.counters.delivered).toBe(1), PATIENCE);
    expect(receiver.records[0]?.attributes).toMatchObject({ 'log.record.uid': '1', 'net.peer.port': 4444 });
  });

  it('is refused by mutual TLS without a client certificate, and keeps the alert', async () => {
    const receiver = await tlsReceiver(true);
    const endpoint = `https://localhost:${receiver.port}`;
    const { sink, reports } = await sinkWith({ endpoint, tls: { caFile: certs.ca.certFile } });
    sink.send(alert('1'));
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0), PATIENCE);
    expect(await sink.flush(500)).toBe(false);
    expect(receiver.requests).toEqual([]);
    expect(sink.counters).toMatchObject({ delivered: 0, pending: 1 });
  });

  it('refuses a receiver of an unknown CA, says so, and recovers when the CA file is corrected', async () => {
    const receiver = await tlsReceiver(false);
    const caFile = join(certs.dir, 'changing-ca.crt');
    writeFileSync(caFile, certs.otherCa.cert);
    const { sink, reports } = await sinkWith({
      endpoint: `https://localhost:${receiver.port}`,
      tls: { caFile },
    });
    sink.send(alert('1'));
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0), PATIENCE);
    expect(reports[0]).toMatchObject({
      level: 'error',
      message: expect.stringMatching(/certificate.*check otlp\.tls/s),
    });
    expect(await sink.flush(500)).toBe(false);
    expect(receiver.requests).toEqual([]);
    rmSync(caFile);
    expect(await sink.flush(300)).toBe(false);
    writeFileSync(caFile, certs.ca.cert);
    await vi.waitFor(() => expect(sink.counters.delivered).toBe(1), PATIENCE);
  });

  it('refuses a certificate for another name', async () => {
    const receiver = await startOtlpReceiver({ tls: { cert: certs.client.cert, key: certs.client.key } });
    cleanups.push(() => receiver.stop());
    const tls = { caFile: certs.ca.certFile };
    const { sink, reports } = await sinkWith({ endpoint: `https://localhost:${receiver.port}`, tls });
    sink.send(alert('1'));
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0), PATIENCE);
    expect(receiver.requests).toEqual([]);
  });

  it('never speaks plaintext when TLS was asked for', async () => {
    const { port, seen } = await wiretap();
    const { sink } = await sinkWith({
      endpoint: `https://localhost:${port}`,
      tls: { caFile: certs.ca.certFile },
    });
    sink.send(alert('secret-uid'));
    await vi.waitFor(() => expect(seen().length).toBeGreaterThanOrEqual(3), PATIENCE);
    // 22 begins a TLS handshake record; plaintext gRPC would begin with "PRI * HTTP/2.0".
    expect(new Set(seen().map((bytes) => bytes[0]))).toEqual(new Set([22]));
    expect(Buffer.concat(seen()).toString('latin1')).not.toMatch(/PRI \* HTTP|secret-uid/);
  });

  it('does not get through to a plaintext receiver with TLS', async () => {
    const receiver = await startOtlpReceiver();
    cleanups.push(() => receiver.stop());
    const tls = { caFile: certs.ca.certFile };
    const { sink, reports } = await sinkWith({ endpoint: `https://localhost:${receiver.port}`, tls });
    sink.send(alert('1'));
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0), PATIENCE);
    expect(await sink.flush(300)).toBe(false);
    expect(receiver.requests).toEqual([]);
  });
});

describe('at start', () => {
  it('fails when a certificate cannot be used, naming the file', async () => {
    const tls = { caFile: join(certs.dir, 'absent.crt') };
    await expect(sinkWith({ endpoint: 'https://127.0.0.1:1', tls })).rejects.toMatchObject({
      code: 'TELEGEN_EXPORT',
      message: expect.stringContaining(tls.caFile),
    });
  });

  it('trusts the roots of this host when no CA file is given', async () => {
    const receiver = await tlsReceiver(false);
    const script = fileURLToPath(new URL('../support/send-one.ts', import.meta.url));
    const run = promisify(execFile);
    const args = [script, `https://localhost:${receiver.port}`];
    const result = await run(process.execPath, args, {
      env: { ...process.env, SSL_CERT_FILE: certs.ca.certFile },
    });
    expect(JSON.parse(result.stdout)).toEqual({ flushed: true, delivered: 1 });
    expect(receiver.records).toHaveLength(1);
  });
});

describe('what is renewed while connected', () => {
  const untilDelivered = (sink: AlertSink, count: number): Promise<void> =>
    vi.waitFor(() => expect(sink.counters.delivered).toBe(count), PATIENCE);

  it('is in use for the next export: certificate and key of the client', async () => {
    const receiver = await tlsReceiver(true);
    const [certFile, keyFile] = [join(certs.dir, 'renewed.crt'), join(certs.dir, 'renewed.key')];
    const install = ({ cert, key }: { cert: Buffer; key: Buffer }): void => {
      writeFileSync(certFile, cert);
      writeFileSync(keyFile, key);
    };
    install(certs.client);
    const tls = { caFile: certs.ca.certFile, certFile, keyFile };
    const { sink, reports } = await sinkWith({ endpoint: `https://localhost:${receiver.port}`, tls });
    sink.send(alert('1'));
    await untilDelivered(sink, 1);
    // A certificate that the receiver does not trust: it would go unnoticed if the old connection stayed.
    install(certs.otherCa);
    sink.send(alert('2'));
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0), PATIENCE);
    expect(sink.counters.delivered).toBe(1);
    install(certs.client);
    await untilDelivered(sink, 2);
  });

  it('is in use for the next export: header values out of files', async () => {
    const receiver = await tlsReceiver(false);
    const file = join(certs.dir, 'token');
    writeFileSync(file, 'old');
    const { sink } = await sinkWith(
      {
        endpoint: `https://localhost:${receiver.port}`,
        tls: { caFile: certs.ca.certFile },
        headers: { token: 'old' },
      },
      {},
      {
        watchedFiles: [file],
        renewHeaders: () =>
          readFileSync(file, 'utf8') === '' ? undefined : { token: readFileSync(file, 'utf8') },
      },
    );
    for (const [index, text] of ['old', 'newer', '', 'newest'].entries()) {
      writeFileSync(file, text);
      sink.send(alert(`${index}`));
      await untilDelivered(sink, index + 1);
    }
    expect(receiver.requests.map(({ metadata }) => metadata.token)).toEqual([
      'old',
      'newer',
      'newer',
      'newest',
    ]);
  });
});
