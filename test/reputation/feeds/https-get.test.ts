import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createProxy } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Feed } from '../../../src/reputation/feeds/feed.ts';
import { fetchFeed } from '../../../src/reputation/feeds/fetch-feed.ts';
import { feed } from './feed-fixture.ts';

/** A real server with a certificate of its own, and a real proxy. */
let folder: string;
let servers: Server[];
let base: string;
let proxy: string;
const tunnels: string[] = [];

const listen = (server: Server) =>
  new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-https-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  const https = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (asking, answer) => {
    if (asking.url === '/cut') {
      answer.writeHead(200, { 'content-length': '100' });
      answer.write('198.51.100.1\n', () => answer.destroy());
      return;
    }
    answer.end('198.51.100.1\n');
  });
  const tunnel = createProxy().on('connect', (asking, socket) => {
    tunnels.push(`${asking.url} ${asking.headers['proxy-authorization'] ?? ''}`.trim());
    if (asking.headers['proxy-authorization'] === undefined) {
      socket.end('HTTP/1.1 407 no\r\n\r\n');
      return;
    }
    const [host, port] = asking.url!.split(':');
    const through = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 ok\r\n\r\n');
      through.pipe(socket).pipe(through);
    });
    through.on('error', () => socket.destroy());
    socket.on('error', () => through.destroy());
  });
  servers = [https, tunnel];
  base = `https://localhost:${await listen(https)}`;
  proxy = `127.0.0.1:${await listen(tunnel)}`;
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

const get = (change: Partial<Feed>) =>
  fetchFeed(
    feed({ url: `${base}/list`, caFile: join(folder, 'cert.pem'), ...change }),
    {},
    new AbortController().signal,
  );

test('a certificate is trusted when its authority is configured, and only then', async () => {
  expect(await get({})).toMatchObject({ kind: 'new' });
  const { caFile: _, ...without } = feed({ url: `${base}/list` });
  expect(await fetchFeed(without, {}, new AbortController().signal)).toMatchObject({
    kind: 'failed',
    reason: expect.stringMatching(/self-signed certificate/),
  });
});

test('an answer that is cut on the way is none', async () => {
  expect(await get({ url: `${base}/cut` })).toMatchObject({
    kind: 'failed',
    reason: expect.stringMatching(/aborted|closed|hang up/),
  });
});

test('through a proxy, TLS stays between telegen and the server', async () => {
  expect(await get({ proxy: `http://me:p%40ss@${proxy}` })).toMatchObject({ kind: 'new' });
  expect(tunnels).toEqual([`${base.slice(8)} Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
});

test('a proxy that refuses, or is not there', async () => {
  expect(await get({ proxy: `http://${proxy}` })).toMatchObject({ reason: 'the proxy answered 407' });
  expect(await get({ proxy: 'http://127.0.0.1:1' })).toMatchObject({
    reason: expect.stringMatching(/^the proxy cannot be reached: .*ECONNREFUSED/),
  });
});
