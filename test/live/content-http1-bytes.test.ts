import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tally, tell } from '../support/content-watch.ts';
import { asLogged, startNginx } from '../support/nginx.ts';
import { byteByByte, exchange, rawServer, write } from '../support/raw-exchange.ts';

const CHILD = fileURLToPath(new URL('../support/exchange-child.ts', import.meta.url));
const FILES = { 'small.txt': 'x'.repeat(612), 'large.bin': Buffer.alloc(3_000_000, 66) };

describeContents('HTTP/1 live: bytes as peers may send them', (lab) => {
  describe('requests as peers may send them', () => {
    const close = 'Host: www.example.com\r\nConnection: close\r\n\r\n';
    const last = `GET /last?x=1 HTTP/1.1\r\n${close}`;

    it('byte by byte', async () => {
      const watch = lab.watch();
      const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES });
      await exchange(
        nginx.port,
        byteByByte(
          `GET /small.txt HTTP/1.1\r\nHost: www.example.com\r\n\r\n\r\nHEAD /large.bin HTTP/1.1\nHost: www.example.com\n\n${last}`,
        ),
      );
      const log = await nginx.logged(3);
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      expect(events.map(tell).map(asLogged)).toEqual(log);
    });

    it('cut at every place', async () => {
      const watch = lab.watch();
      const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES });
      const text = `GET /small.txt HTTP/1.1\r\nHost: www.example.com\r\nCookie: ${'c'.repeat(40)}\r\n\r\n${last}`;
      for (let i = 1; i < text.length; i++) await exchange(nginx.port, [text.slice(0, i), text.slice(i)]);
      const log = await nginx.logged(2 * (text.length - 1));
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      expect(tally(events.map(tell).map(asLogged))).toEqual(tally(log));
    });

    it.each<[what: string, pieces: readonly (string | number)[]]>([
      ['empty lines', ['\r\n\r\n']],
      ['line feeds', ['\n']],
      ['a thousand empty lines', ['\r\n'.repeat(1000)]],
      ['many segments of empty lines', Array.from({ length: 15 }, () => ['\r\n', 2]).flat()],
      ['empty lines byte by byte', Array.from({ length: 9 }, () => ['\r', 2, '\n', 2]).flat()],
    ])('%s in front of the first request', async (_, pieces) => {
      const watch = lab.watch();
      const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES });
      await exchange(nginx.port, [...pieces, last]);
      await exchange(nginx.port, [...pieces, 5, `GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n${last}`]);
      const log = await nginx.logged(3);
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      expect(events.map(tell).map(asLogged)).toEqual(log);
    });

    it('empty lines cost no record each, in front of requests and between them', async () => {
      const watch = lab.watch();
      const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES });
      const many = '\r\n'.repeat(3_000);
      const kept = 'GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n';
      await exchange(nginx.port, [many, 5, many + kept + many + kept + many, 5, many + last]);
      const log = await nginx.logged(3);
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      expect(events.map(tell).map(asLogged)).toEqual(log);
      expect(watch.counters().payload?.submitted).toBeLessThan(40);
    });

    it('spaces in the target', async () => {
      const watch = lab.watch();
      const nginx = await startNginx({ sandbox: lab.sandbox, files: FILES });
      await exchange(nginx.port, [`GET /?id=1 UNION SELECT a HTTP/1.1\r\n${close}`]);
      await nginx.logged(1);
      const [event] = await watch.finish();
      expect(event).toMatchObject({
        http: { method: 'GET', target: '/?id=1 UNION SELECT a', statusCode: 400 },
      });
    });

    it('heads that span segments and pieces, up to 8 KiB', async () => {
      const watch = lab.watch();
      const nginx = await startNginx({
        sandbox: lab.sandbox,
        files: FILES,
        server: 'large_client_header_buffers 8 64k; client_header_buffer_size 64k;',
      });
      const sizes = [1000, 1900, 2000, 4000, 7000, 8050];
      for (const size of sizes) {
        const text = `GET /small.txt?${size} HTTP/1.1\r\nCookie: ${'c'.repeat(size)}\r\nHost: www.example.com\r\n\r\n`;
        await exchange(nginx.port, [text + last]);
        await exchange(nginx.port, [text.slice(0, 1100), text.slice(1100) + last]);
        await exchange(nginx.port, [...(text.match(/[\s\S]{1,500}/g) ?? []), last]);
      }
      const log = await nginx.logged(sizes.length * 6);
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      expect(events.map(tell).map(asLogged)).toEqual(log);
    });

    it('a head beyond 8 KiB is partial, and what follows is right', async () => {
      const watch = lab.watch();
      const nginx = await startNginx({
        sandbox: lab.sandbox,
        files: FILES,
        server: 'large_client_header_buffers 8 64k; client_header_buffer_size 64k;',
      });
      for (const size of [8200, 9000, 30_000]) {
        const text = `GET /small.txt?${size} HTTP/1.1\r\nHost: www.example.com\r\nCookie: ${'c'.repeat(size)}\r\nX-Last: 1\r\n\r\n`;
        await exchange(nginx.port, [text, 20, last]);
      }
      const log = await nginx.logged(6);
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      expect(
        events.map(tell).map((line) => asLogged(line).replace(/ - ?/, ' ').replace(' partial', '')),
      ).toEqual(log);
      expect(events.map((event) => event.kind === 'http' && event.http.partial)).toEqual([
        true,
        false,
        true,
        false,
        true,
        false,
      ]);
    });

    it('bodies in every form: none of it is taken for a head', async () => {
      const watch = lab.watch();
      const upstream = await rawServer((socket) => {
        socket.on('end', () => socket.end());
        socket.once('data', () => socket.write('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'));
      });
      const nginx = await startNginx({
        sandbox: lab.sandbox,
        files: FILES,
        server: `location /up { client_max_body_size 0; proxy_pass http://127.0.0.1:${upstream.port}; }`,
      });
      const fake = 'GET /fake HTTP/1.1\r\nHost: fake.example\r\n\r\n';
      const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
      const post = (more: string, body: string): string =>
        `POST /up?${body.length} HTTP/1.1\r\nHost: www.example.com\r\n${more}\r\n${body}`;
      const texts = [
        post(`Content-Length: ${fake.length}\r\n`, fake),
        post('Content-Length: 0\r\n', ''),
        post('Transfer-Encoding: chunked\r\n', `${chunk(fake)}${chunk(fake.repeat(20))}0\r\n\r\n`),
        post(
          'Transfer-Encoding: chunked\r\n',
          `5;ext=1\r\nhello\r\n${chunk('y'.repeat(70_000))}0\r\nX-Trailer: 1\r\n\r\n`,
        ),
        post('content-LENGTH:    100000\r\n', fake.repeat(10) + 'z'.repeat(100_000 - 10 * fake.length)),
      ];
      await exchange(nginx.port, [...texts, last]);
      await exchange(nginx.port, [texts.join('') + last]);
      for (const text of texts.slice(0, 3)) await exchange(nginx.port, [...byteByByte(text), last]);
      const log = await nginx.logged(18);
      upstream.server.close();
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      const named = (lines: readonly string[]): string[] =>
        lines.map((line) => line.split(' ').slice(0, 3).join(' '));
      const served = events.filter((event) => event.role === 'server');
      expect(named(served.map(tell))).toEqual(named(log));
      for (const event of served) expect(tell(event)).toMatch(/ complete$/);
    });
  });

  describe('answers as servers may send them', () => {
    const ASK = ['GET /1 HTTP/1.1', 'GET /2 HTTP/1.1', 'HEAD /3 HTTP/1.1', 'GET /4 HTTP/1.1']
      .map((line) => `${line}\r\nHost: www.example.com\r\n\r\n`)
      .join('');
    const ANSWERS = [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nX-T: 1\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 7000\r\n\r\n',
      'HTTP/1.0 404 Not Found\n\nuntil the end',
    ].join('');
    const TRUTH = [
      'GET /1 200 0 5 complete',
      'GET /2 200 0 5 complete',
      'HEAD /3 200 0 0 complete',
      'GET /4 404 0 13 complete',
    ];

    it('byte by byte, and cut at every place', async () => {
      const watch = lab.watch();
      const cuts = [
        ...Array.from({ length: ANSWERS.length - 1 }, (_, i) => [
          ANSWERS.slice(0, i + 1),
          ANSWERS.slice(i + 1),
        ]),
        byteByByte(ANSWERS),
      ];
      const left = [...cuts];
      const { port, server } = await rawServer((socket) => {
        socket.once('data', () => void write(socket, left.shift() ?? []).then(() => socket.end()));
      });
      const child = [process.execPath, CHILD, String(port), String(cuts.length), ASK];
      await lab.sandbox.start(child, { namespace: 'host' }).end();
      server.close();
      const events = await watch.finish();
      expect(losses(watch)).toEqual(NO_LOSSES);
      expect(tally(events.map(tell))).toEqual(Object.fromEntries(TRUTH.map((line) => [line, cuts.length])));
    });
  });
});
