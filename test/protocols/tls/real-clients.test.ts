import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { looksLikeTls } from '../../../src/protocols/tls/looks-like-tls.ts';
import { readHello } from './read-hello.ts';

/** The first flight that a client sends to a server on loopback that never answers. */
async function firstFlight(start: (port: number) => { stop(): void }): Promise<Uint8Array[]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = start((server.address() as AddressInfo).port);
  const [socket] = await once(server, 'connection');
  const pieces: Uint8Array[] = [];
  let have = 0;
  for await (const piece of socket) {
    pieces.push(piece);
    have += piece.length;
    const all = Buffer.concat(pieces);
    if (have >= 5 && have >= 5 + all.readUInt16BE(3)) break;
  }
  client.stop();
  server.close();
  return pieces;
}

function program(command: string, args: (port: number) => readonly string[]) {
  return (port: number) => {
    const child = spawn(command, args(port), { stdio: 'ignore' });
    return { stop: () => void child.kill('SIGKILL') };
  };
}

const has = (command: string) => spawnSync(command, ['--help'], { stdio: 'ignore' }).error === undefined;
const grease = (value: string) => /^(.a)\1$/.test(value);

/** JA4 by way of hex strings: nothing in common with the code under test. */
function ja4OfHex(flight: Uint8Array): string {
  let hex = Buffer.from(flight)
    .toString('hex')
    .slice(2 * 9);
  const take = (octets: number) => {
    const taken = hex.slice(0, 2 * octets);
    hex = hex.slice(2 * octets);
    return taken;
  };
  const pairs = (text: string) => (text.match(/..../g) ?? []).filter((value) => !grease(value));
  take(34);
  take(Number.parseInt(take(1), 16));
  const ciphers = pairs(take(Number.parseInt(take(2), 16)));
  take(Number.parseInt(take(1), 16));
  take(2);
  const extensions = new Map<string, string>();
  while (hex.length > 0) {
    const type = take(2);
    const body = take(Number.parseInt(take(2), 16));
    if (!grease(type)) extensions.set(type, body);
  }
  const best =
    pairs((extensions.get('002b') ?? '').slice(2))
      .sort()
      .at(-1) ?? '0303';
  const protocols = Buffer.from((extensions.get('0010') ?? '').slice(4), 'hex');
  const first = protocols.subarray(1, 1 + (protocols[0] ?? 0)).toString('latin1');
  const two = (count: number) => String(count).padStart(2, '0');
  const sha = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);
  const kept = [...extensions.keys()].filter((type) => type !== '0000' && type !== '0010').sort();
  const algorithms = pairs((extensions.get('000d') ?? '').slice(4));
  const a = `t${best === '0304' ? '13' : '12'}${extensions.has('0000') ? 'd' : 'i'}${two(ciphers.length)}`;
  const ends = first === '' ? '00' : `${first[0]}${first.at(-1)}`;
  return `${a}${two(extensions.size)}${ends}_${sha(ciphers.sort().join())}_${sha(`${kept.join()}_${algorithms.join()}`)}`;
}

function check(pieces: readonly Uint8Array[], expected: object): void {
  const flight = Buffer.concat(pieces);
  expect(looksLikeTls(flight)).toBe(true);
  const { hellos } = readHello(pieces);
  expect(hellos).toHaveLength(1);
  expect(hellos[0]).toMatchObject({ encryptedHello: false, ...expected, ja4: ja4OfHex(flight) });
}

describe('node', () => {
  test.each([
    [
      { servername: 'node.example.com', ALPNProtocols: ['h2', 'http/1.1'] },
      { serverName: 'node.example.com', alpn: ['h2', 'http/1.1'], versions: ['1.3', '1.2'] },
    ],
    [{ maxVersion: 'TLSv1.2' } as const, { alpn: [], versions: ['1.2'] }],
    [
      { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const,
      { versions: ['1.2'], alpn: [] },
    ],
  ])('%o', async (options, expected) => {
    const pieces = await firstFlight((port) => {
      const socket = connectTls({ host: '127.0.0.1', port, ...options });
      socket.on('error', () => undefined);
      return { stop: () => void socket.destroy() };
    });
    check(pieces, expected);
  });
});

// Without the program these are reported as skipped.
describe.skipIf(!has('openssl'))('openssl s_client', () => {
  test.each<[string, readonly string[], object]>([
    [
      'with a name',
      ['-servername', 'Open.Example.com', '-min_protocol', 'TLSv1.2'],
      { serverName: 'open.example.com', versions: ['1.3', '1.2'] },
    ],
    ['without', ['-noservername'], { alpn: [] }],
    [
      'TLS 1.2 only',
      ['-tls1_2', '-alpn', 'http/1.1', '-noservername'],
      { versions: ['1.2'], alpn: ['http/1.1'] },
    ],
    ['TLS 1.3 only', ['-tls1_3', '-ciphersuites', 'TLS_AES_256_GCM_SHA384'], { versions: ['1.3'] }],
  ])('%s', async (_, args, expected) => {
    const start = program('openssl', (port) => ['s_client', '-connect', `127.0.0.1:${port}`, ...args]);
    check(await firstFlight(start), expected);
  });
});

test.skipIf(!has('curl'))('curl', async () => {
  const start = program('curl', (port) => [
    '-sk',
    '--noproxy',
    '*',
    '--resolve',
    `curl.example.com:${port}:127.0.0.1`,
    `https://curl.example.com:${port}/`,
  ]);
  check(await firstFlight(start), { serverName: 'curl.example.com', alpn: ['h2', 'http/1.1'] });
});
