import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionEvent } from '../../src/model/event.ts';
import { type Watch, watchCgroup } from '../support/events.ts';
import { eventually } from '../support/eventually.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';

const skip = whyNoSandbox();
const BODY_BYTES = 100_000;

describe.skipIf(skip !== undefined)(`programs of the real world ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let watch: Watch;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    await watch?.stop();
  });
  afterAll(() => sandbox?.close());

  /** A master that listens as root and one worker that serves as nobody else. */
  function nginxConfig(listen: string): string {
    const folder = sandbox.folder;
    mkdirSync(`${folder}/www`, { recursive: true });
    writeFileSync(`${folder}/www/file`, 'x'.repeat(BODY_BYTES));
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    const config = `daemon off; worker_processes 1; user www-data; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events {}
http { access_log off; ${paths.join(' ')} server { listen ${listen}; root ${folder}/www; } }`;
    writeFileSync(`${folder}/nginx.conf`, config);
    return `${folder}/nginx.conf`;
  }

  it.each([
    { family: 'v4', listen: '198.51.100.80:80', url: 'http://198.51.100.80/file' },
    { family: 'v6', listen: '[2001:db8:bad::80]:80', url: 'http://[2001:db8:bad::80]/file' },
  ])('curl fetches from nginx ($family)', async ({ listen, url }) => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const nginx = sandbox.start(['nginx', '-c', nginxConfig(listen)], { namespace: 'outside' });
    const fetch = [
      'curl',
      '-sS',
      '--retry',
      '50',
      '--retry-delay',
      '0',
      '--retry-connrefused',
      '--retry-max-time',
      '25',
      '-o',
      '/dev/null',
      '-w',
      '%{size_download}',
      url,
    ];
    const curl = sandbox.start(fetch);
    expect(await curl.end()).toBe(String(BODY_BYTES));
    const served = await watch.connection(
      'the server’s end',
      (event) => event.role === 'server' && event.phase === 'closed',
    );
    const accepted = watch.connections.find((event) => event.phase === 'accepted') as ConnectionEvent;
    expect(accepted).toMatchObject({
      attribution: 'listener',
      owner: { pid: nginx.pid, uid: 0, comm: 'nginx' },
    });
    expect(served).toMatchObject({ attribution: 'worker', owner: { parentPid: nginx.pid, comm: 'nginx' } });
    expect(served.owner?.uid).not.toBe(0);
    expect(served.stats?.bytesSent).toBeGreaterThan(BODY_BYTES);
    const fetched = await watch.connection(
      'curl’s end',
      (event) => event.role === 'client' && event.phase === 'closed',
    );
    expect(fetched).toMatchObject({ owner: { pid: curl.pid, comm: 'curl' }, remote: { port: 80 } });
    expect(fetched.stats).toMatchObject({
      bytesSent: served.stats?.bytesReceived,
      bytesReceived: served.stats?.bytesSent,
    });
    const exec = watch.processes.find(
      (event) => event.owner.execId === fetched.owner?.execId && event.action === 'exec',
    );
    expect(exec?.executablePath).toMatch(/\/curl$/);
    expect(exec?.args).toEqual(fetch);
    // A master that is asked to end waits for its workers.
    process.kill(nginx.pid, 'SIGTERM');
    await nginx.end();
  });

  it('nc, as a reverse shell would use it', async () => {
    watch = watchCgroup({ cgroup: sandbox.cgroup });
    const listener = sandbox.start(['nc', '-l', '-n', '198.51.100.50', '4444'], {
      namespace: 'outside',
      cgroup: 'none',
    });
    let client = sandbox.start(['nc', '-n', '-N', '198.51.100.50', '4444']);
    // nc does not tell when it listens: whoever came too early tries again.
    await eventually(() => watch.connections.length >= 2, 'an outcome');
    while (!watch.connections.some((event) => event.phase === 'established')) {
      await client.ended();
      client = sandbox.start(['nc', '-n', '-N', '198.51.100.50', '4444']);
      const { pid } = client;
      await watch.connection(
        'an outcome',
        (event) => event.owner?.pid === pid && event.phase !== 'attempted',
      );
    }
    client.go();
    expect(await listener.line()).toBe('');
    await client.kill();
    await listener.end();
    const { pid } = client;
    const closed = await watch.connection(
      'the end',
      (event) => event.owner?.pid === pid && event.phase === 'closed',
    );
    expect(closed).toMatchObject({ remote: { port: 4444 }, stats: { bytesSent: 1, bytesReceived: 0 } });
  });
});
