// nock breaks HTTP/2 and gRPC in its process: nothing of that may be imported here.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Feed, Validators } from '../../../src/reputation/feeds/feed.ts';
import { fetchFeed } from '../../../src/reputation/feeds/fetch-feed.ts';
import { feed } from './feed-fixture.ts';

const LIST = '198.51.100.1\n';
const HOST = 'https://feeds.example.com';
let folder: string;

beforeAll(() => nock.disableNetConnect());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-feed-'));
});
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
  rmSync(folder, { recursive: true });
});
afterAll(() => nock.restore());

const get = (change: Partial<Feed> = {}, validators: Validators = {}) =>
  fetchFeed(feed(change), validators, new AbortController().signal);
const server = () => nock(HOST).get('/list.txt');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('a new version', () => {
  test('with what to ask by the next time', async () => {
    server().reply(200, LIST, { etag: '"v1"', 'last-modified': 'Mon, 15 Jan 2024 10:00:00 GMT' });
    expect(await get()).toEqual({
      kind: 'new',
      bytes: Buffer.from(LIST),
      validators: { etag: '"v1"', lastModified: 'Mon, 15 Jan 2024 10:00:00 GMT' },
    });
  });

  test.each<[name: string, headers: Record<string, string>]>([
    ['compressed on the way', { 'content-encoding': 'gzip' }],
    ['a .gz file', { 'content-type': 'application/gzip' }],
  ])('%s', async (_, headers) => {
    server().reply(200, gzipSync(LIST), headers);
    expect(await get()).toMatchObject({ kind: 'new', bytes: Buffer.from(LIST) });
  });

  test('through redirections', async () => {
    server().reply(302, '', { location: '/moved' });
    nock(HOST).get('/moved').reply(301, '', { location: 'https://mirror.example.net/list' });
    nock('https://mirror.example.net').get('/list').reply(200, LIST);
    expect(await get()).toMatchObject({ kind: 'new', bytes: Buffer.from(LIST) });
  });

  test.each([
    ['hexadecimal alone', (hash: string) => hash],
    ['as sha256sum writes it', (hash: string) => `${hash.toUpperCase()}  list.txt\n`],
  ])('whose checksum matches, %s', async (_, write) => {
    server().reply(200, LIST);
    nock(HOST)
      .get('/sum')
      .reply(200, write(sha256(LIST)));
    expect(await get({ checksumUrl: `${HOST}/sum` })).toMatchObject({ kind: 'new' });
  });
});

test('what is at hand is asked for by name and time, and 304 says that it is the newest', async () => {
  nock(HOST, {
    reqheaders: { 'if-none-match': '"v1"', 'if-modified-since': 'then', 'accept-encoding': 'gzip' },
  })
    .get('/list.txt')
    .reply(304);
  expect(await get({}, { etag: '"v1"', lastModified: 'then' })).toEqual({ kind: 'unchanged' });
});

test('credentials come from files, and go to the configured host alone', async () => {
  const key = join(folder, 'key');
  writeFileSync(key, 'secret-value\n');
  nock(HOST, { reqheaders: { 'auth-key': 'secret-value' } })
    .get('/list.txt')
    .reply(302, '', { location: 'https://mirror.example.net/list' });
  nock('https://mirror.example.net', { badheaders: ['auth-key'] })
    .get('/list')
    .reply(200, LIST);
  expect(await get({ headerFiles: { 'Auth-Key': key } })).toMatchObject({ kind: 'new' });
});

function withSum(status: number, sum = ''): void {
  server().reply(200, LIST);
  nock(HOST).get('/sum').reply(status, sum);
}

describe('failures', () => {
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  test.each<[name: string, prepare: () => void, reason: RegExp, change?: Partial<Feed>]>([
    ['404', () => server().reply(404, 'no'), /^the server answered 404$/],
    ['403', () => server().reply(403), /^the server answered 403$/],
    ['500', () => server().reply(500, 'x'.repeat(5000)), /^the server answered 500$/],
    ['204', () => server().reply(204), /^the server answered 204$/],
    ['206', () => server().reply(206, LIST), /^the server answered 206$/],
    ['an empty answer', () => server().reply(200, ''), /^the answer is empty$/],
    ['a connection that is refused', () => server().replyWithError('connect ECONNREFUSED'), /ECONNREFUSED/],
    [
      'too long, and says so',
      () => server().reply(200, 'x'.repeat(2000), { 'content-length': '2000' }),
      /longer than 1000 bytes/,
    ],
    ['too long, and does not', () => server().reply(200, 'x'.repeat(2000)), /longer than 1000 bytes/],
    [
      'a gzip bomb',
      () => server().reply(200, bomb, { 'content-encoding': 'gzip' }),
      /longer than 20000 bytes/,
      { maxBytes: 20_000 },
    ],
    [
      'broken gzip',
      () => server().reply(200, Buffer.from('this is not gzip at all'), { 'content-encoding': 'gzip' }),
      /incorrect header check/,
    ],
    [
      'cut gzip',
      () => server().reply(200, gzipSync('x'.repeat(500)).subarray(0, 12)),
      /unexpected end of file/,
    ],
    [
      'another compression',
      () => server().reply(200, LIST, { 'content-encoding': 'br' }),
      /compressed as br/,
    ],
    [
      'a redirection to plain HTTP',
      () => server().reply(302, '', { location: 'http://feeds.example.com/' }),
      /^http:\/\/feeds\.example\.com is not HTTPS$/,
    ],
    [
      'a redirection to a file',
      () => server().reply(302, '', { location: 'file:///etc/passwd' }),
      /is not HTTPS/,
    ],
    ['a redirection to nowhere', () => server().reply(302, '', { location: 'https://' }), /Invalid URL/],
    [
      'a circle of redirections',
      () => nock(HOST).get('/list.txt').times(4).reply(302, '', { location: '/list.txt' }),
      /more than 3 redirections/,
    ],
    [
      'no answer in time',
      () => server().delay(2000).reply(200, LIST),
      /^no answer within 0\.1 s$/,
      { timeoutMs: 100 },
    ],
    [
      'an answer that does not end in time',
      () => server().reply(200, () => new Readable({ read() {} })),
      /^no answer within 0\.1 s$/,
      { timeoutMs: 100 },
    ],
    [
      'a wrong checksum',
      () => withSum(200, sha256('other')),
      /the checksum does not match/,
      { checksumUrl: `${HOST}/sum` },
    ],
    [
      'no checksum',
      () => withSum(404),
      /the checksum cannot be had: status 404/,
      { checksumUrl: `${HOST}/sum` },
    ],
    ['a checksum that is none', () => withSum(200, '<html>'), /no SHA-256/, { checksumUrl: `${HOST}/sum` }],
    [
      'a secret that is not there',
      () => undefined,
      /ENOENT.*nowhere/,
      { headerFiles: { 'x-key': '/nowhere' } },
    ],
    ['certificates that are not there', () => undefined, /ENOENT.*nowhere/, { caFile: '/nowhere' }],
    ['an address of plain HTTP', () => undefined, /is not HTTPS/, { url: 'http://feeds.example.com/' }],
  ])('%s', async (_, prepare, reason, change = {}) => {
    prepare();
    const outcome = await get(change);
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringMatching(reason) });
    nock.abortPendingRequests();
  });

  test('the server says when to ask again', async () => {
    server().reply(429, '', { 'retry-after': '120' });
    expect(await get()).toEqual({ kind: 'failed', reason: 'the server answered 429', retryAfterMs: 120_000 });
    server().reply(503, '', { 'retry-after': '9999999999' });
    expect(await get()).toMatchObject({ retryAfterMs: 86_400_000 });
    server().reply(503, '', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' });
    expect(await get()).not.toHaveProperty('retryAfterMs');
  });

  test('a secret with a line break is not sent, and not told', async () => {
    const key = join(folder, 'key');
    writeFileSync(key, 'secret\nx-evil: 1\n');
    const outcome = await get({ headerFiles: { 'x-key': key } });
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('does not hold a header value'),
    });
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });

  test('one that is called off ends at once', async () => {
    server().delay(5000).reply(200, LIST);
    const stop = new AbortController();
    const outcome = fetchFeed(feed(), {}, stop.signal);
    stop.abort();
    expect(await outcome).toMatchObject({ kind: 'failed' });
    nock.abortPendingRequests();
    nock.cleanAll();
  });
});
