import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createListener, type Listener } from '../../../src/cli/metrics/listener.ts';
import { topology } from '../../../src/cli/topology.ts';
import { eventually } from '../../support/eventually.ts';
import { type Certificates, makeCertificates } from '../../telemetry/support/certificates.ts';

const TOKEN = 'a-token-of-enough-length';
let certificates: Certificates;
let folder: string;
let listener: Listener | undefined;
let port = 0;
const said: string[] = [];
const say = (message: string): void => void said.push(message);
const diagnostics = { info: say, warn: say, error: say };

beforeAll(() => {
  certificates = makeCertificates();
  folder = mkdtempSync(`${tmpdir()}/telegen-listener-`);
});
afterEach(async () => {
  await listener?.close();
  said.length = 0;
});
afterAll(() => {
  certificates.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Looks for renewed files, and tries again until it holds. */
async function untilRenewed(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (tries === 200) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    listener?.tick();
  }
}

async function listen(
  secrets: { tokenFile?: string; tls?: { certFile: string; keyFile: string } },
  address = '127.0.0.1',
): Promise<void> {
  port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => resolve(free));
    });
  });
  const body = JSON.stringify({ topology: { nodes: [], edges: [] } });
  const route = () => ({ status: 200, type: 'application/json', body });
  const { tokenFile, tls } = secrets;
  listener = createListener({ enabled: true, address, port, tokenFile, tls }, diagnostics, () => ({
    '/metrics': route,
    '/healthz': route,
    '/api/v1/topology': route,
  }));
  await eventually(() => listener?.server() !== undefined, 'the server to listen');
}

function write(name: string, text: string): string {
  writeFileSync(`${folder}/${name}`, text);
  return `${folder}/${name}`;
}

/** Asks over TLS; gives the status and the serial number of the certificate. */
function ask(path: string, token?: string): Promise<{ status: number | undefined; serial: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const settings = { host: '127.0.0.1', port, path, headers, ca: certificates.ca.cert, agent: false };
  return new Promise((resolve, reject) => {
    get(settings, (response) => {
      const serial = (response.socket as TLSSocket).getPeerCertificate().serialNumber;
      response.resume().on('end', () => resolve({ status: response.statusCode, serial }));
    }).on('error', reject);
  });
}

describe('a listener with a token', () => {
  it('answers those who have it, says what is needed to others, and lets health checks pass', async () => {
    await listen({ tokenFile: write('token', `${TOKEN}\n`) });
    const url = `http://127.0.0.1:${port}`;
    const without = await fetch(`${url}/metrics`);
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    const withToken = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(withToken.status).toBe(200);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(listener?.server()?.counters.refused).toBe(1);
  });

  it('follows the file, and keeps the last token when the new one is none', async () => {
    const tokenFile = write('token', TOKEN);
    await listen({ tokenFile });
    const status = async (token: string): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${token}` } }))
        .status;
    write('token', 'another-token-of-length');
    await untilRenewed('the new token', async () => (await status('another-token-of-length')) === 200);
    expect(await status(TOKEN)).toBe(401);
    write('token', 'short');
    await eventually(() => {
      listener?.tick();
      return said.some((line) => line.includes('what was in use stays'));
    }, 'the complaint');
    expect(said.join()).not.toContain('short');
    expect(await status('another-token-of-length')).toBe(200);
  });
});

describe('a listener with a certificate', () => {
  it('speaks TLS, nothing older than 1.2, and no plaintext', async () => {
    const { certFile, keyFile } = certificates.server;
    await listen({ tls: { certFile, keyFile }, tokenFile: write('token', TOKEN) });
    expect(said).toContain(`metrics and topology at https://127.0.0.1:${port}/metrics`);
    expect((await ask('/metrics', TOKEN)).status).toBe(200);
    expect((await ask('/metrics')).status).toBe(401);
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
    const old = {
      host: '127.0.0.1',
      port,
      ca: certificates.ca.cert,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
    } as const;
    await expect(
      new Promise((resolve, reject) =>
        connect({ ...old, ciphers: 'ALL@SECLEVEL=0' }, () => resolve('connected')).on('error', reject),
      ),
    ).rejects.toThrow();
    await eventually(() => (listener?.server()?.counters.broken ?? 0) >= 2, 'both to be counted');
  });

  it('takes a renewed certificate for the next connection', async () => {
    const [certFile, keyFile] = [`${folder}/server.crt`, `${folder}/server.key`];
    copyFileSync(certificates.server.certFile, certFile);
    copyFileSync(certificates.server.keyFile, keyFile);
    await listen({ tls: { certFile, keyFile } });
    const before = (await ask('/metrics')).serial;
    const renewed = makeCertificates();
    try {
      copyFileSync(renewed.server.certFile, certFile);
      copyFileSync(renewed.server.keyFile, keyFile);
      await untilRenewed('the renewed certificate', async () => {
        const answer = await ask('/metrics').catch((error: NodeJS.ErrnoException) => error);
        // Of another CA: the client that trusts the first one refuses it.
        return answer instanceof Error && /signature|issuer|self-signed|verify/.test(answer.message);
      });
    } finally {
      renewed.remove();
    }
    expect(before).toMatch(/^[0-9A-F]+$/);
  });

  it('is asked by `telegen topology` with token and certificate of the same configuration', async () => {
    const { certFile, keyFile } = certificates.server;
    const tokenFile = write('token', TOKEN);
    await listen({ tls: { certFile, keyFile }, tokenFile });
    const config = write(
      'telegen.yaml',
      JSON.stringify({
        agent: {
          telemetry: { listen: { port, token_file: tokenFile, cert_file: certFile, key_file: keyFile } },
        },
      }),
    );
    const wrong = write(
      'wrong.yaml',
      JSON.stringify({ agent: { telemetry: { listen: { port, cert_file: certFile, key_file: keyFile } } } }),
    );
    await expect(topology([], { config: wrong, format: 'json' })).rejects.toThrow(/401: a token is needed/);
    const other = write(
      'other.yaml',
      JSON.stringify({
        agent: {
          telemetry: {
            listen: {
              port,
              token_file: tokenFile,
              cert_file: certificates.client.certFile,
              key_file: certificates.client.keyFile,
            },
          },
        },
      }),
    );
    await expect(topology([], { config: other, format: 'json' })).rejects.toMatchObject({
      code: 'TELEGEN_AGENT',
    });
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(await topology([], { config, format: 'json' })).toBe(0);
    expect(written).toHaveBeenCalledWith(expect.stringContaining('topology'));
    written.mockRestore();
  });
});

it.each([
  ['a token that is too short', { tokenFile: 'short' }, /token_file: .*at least 16/],
  ['no token file', { tokenFile: undefined }, /token_file: .*no such file/],
])('does not listen with %s', (_name, { tokenFile: text }, words) => {
  const tokenFile = text === undefined ? `${folder}/nothing` : write('bad', text);
  expect(() =>
    createListener(
      { enabled: true, address: '127.0.0.1', port: 1, tokenFile, tls: undefined },
      diagnostics,
      () => ({}),
    ),
  ).toThrow(words);
});

it('warns of whoever can reach it beyond loopback', async () => {
  await listen({}, '0.0.0.0');
  expect(said.join()).toMatch(
    /whoever reaches 0\.0\.0\.0:\d+ can read alerts, and whoever is on the way: set agent\.telemetry/,
  );
});
