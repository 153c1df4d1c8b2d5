import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eventToJson } from '../../src/telemetry/export/serialize.ts';
import { describeContents } from '../support/content-lab.ts';
import { losses, NO_LOSSES, tally } from '../support/content-watch.ts';
import { eventually } from '../support/eventually.ts';
import { startNginx } from '../support/nginx.ts';
import type { Place } from '../support/sandbox.ts';
import { TELEGEN } from '../support/telegen.ts';

const OUTSIDE: Place = { namespace: 'outside', cgroup: 'none' };
const ADDRESS = '192.0.2.1';
const FILES = { 'small.txt': 'x'.repeat(612), 'large.bin': Buffer.alloc(100_000, 66) };

/** What both must say alike: not who held the socket, nor when exactly, nor what the settings of telemetry add (routes). */
function comparable(line: string): string {
  const { attributes } = JSON.parse(line) as { attributes: Record<string, unknown> };
  const own =
    /^(?:process\.|telegen\.(?:attribution|duration_ms|socket|start|id)|host\.|dns\.latency|net\.host\.name|container|k8s)|duration|latency|^http\.route$/;
  return JSON.stringify(
    Object.entries(attributes)
      .filter(([name]) => !own.test(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

type Pairs = readonly (readonly [name: string, value: unknown])[];
const pairsOf = (line: string): ReadonlyMap<string, string> =>
  new Map((JSON.parse(line) as Pairs).map(([name, value]) => [name, JSON.stringify(value)]));

/** In what the lines of one side differ from the likest of the other, in few words; '' when both say the same. */
function differences(live: readonly string[], replayed: readonly string[]): string {
  const [ours, theirs] = [tally(live), tally(replayed)];
  const only = (a: Record<string, number>, b: Record<string, number>) =>
    Object.keys(a).filter((line) => a[line] !== b[line]);
  const others = only(theirs, ours).map(pairsOf);
  const words = only(ours, theirs).map((line) => {
    const own = pairsOf(line);
    const apart = (other: ReadonlyMap<string, string>): string[] =>
      [...new Set([...own.keys(), ...other.keys()])].filter((name) => own.get(name) !== other.get(name));
    const [nearest = new Map<string, string>()] = others.toSorted(
      (a, b) => apart(a).length - apart(b).length,
    );
    const told = apart(nearest).map(
      (name) => `${name}: ${own.get(name)} live, ${nearest.get(name)} replayed`,
    );
    return `${ours[line]} times: ${told.join('; ') || 'as often otherwise'}`;
  });
  return [...words, ...(words.length === 0 ? others.map((other) => JSON.stringify([...other])) : [])].join(
    '\n',
  );
}

describeContents('live and replayed agree', (lab) => {
  it('DNS, HTTP/1, HTTP/2 and TLS hellos', async () => {
    const { sandbox } = lab;
    const watch = lab.watch();
    const nginx = await startNginx({ sandbox, files: FILES, address: ADDRESS, place: OUTSIDE });
    const nginx2 = await startNginx({
      sandbox,
      files: FILES,
      address: ADDRESS,
      listen: 'http2',
      place: OUTSIDE,
    });
    const dnsLog = `${sandbox.folder}/agree-dnsmasq.log`;
    writeFileSync(dnsLog, '');
    sandbox.start(
      [
        'dnsmasq',
        '-k',
        '-u',
        'root',
        '-C',
        '/dev/null',
        '-p',
        '53',
        '-a',
        ADDRESS,
        '--bind-interfaces',
        '--no-resolv',
        '--no-hosts',
        `--log-facility=${dnsLog}`,
        '--host-record=www.example.com,192.0.2.80,2001:db8::80',
        '--local=/example.com/',
      ],
      OUTSIDE,
    );
    const tls = sandbox.start(
      ['openssl', 's_server', '-accept', '8443', '-nocert', '-cipher', 'ADH'],
      OUTSIDE,
    );
    while ((await tls.line()) !== 'ACCEPT');
    await eventually(() => readFileSync(dnsLog, 'utf8').includes('started'), 'dnsmasq to start');
    const file = `${sandbox.folder}/all.pcap`;
    const tcpdump = sandbox.start(
      ['tcpdump', '-i', 'wire', '-U', '-s', '0', '-B', '32768', '-Z', 'root', '-w', file],
      { cgroup: 'none' },
    );
    const size = (): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    await eventually(() => size() > 0, 'tcpdump to begin');
    for (const how of ['+notcp', '+tcp'])
      for (const words of [['www.example.com'], ['www.example.com', 'AAAA'], ['nope.example.com', 'TXT']])
        await sandbox.start(['dig', how, '+tries=2', '+timeout=5', `@${ADDRESS}`, ...words]).ended();
    await sandbox
      .start(['ab', '-q', '-k', '-n', '300', '-c', '5', `http://${ADDRESS}:${nginx.port}/small.txt`])
      .end();
    await sandbox
      .start([
        'curl',
        '-sS',
        '-o',
        '/dev/null',
        `http://${ADDRESS}:${nginx.port}/large.bin`,
        '-o',
        '/dev/null',
        `http://${ADDRESS}:${nginx.port}/missing?q=1`,
      ])
      .end();
    await sandbox
      .start([
        'h2load',
        '-n',
        '400',
        '-c',
        '2',
        '-m',
        '20',
        `http://${ADDRESS}:${nginx2.port}/small.txt`,
        `http://${ADDRESS}:${nginx2.port}/large.bin`,
      ])
      .end();
    await sandbox
      .start([
        'curl',
        '-sSk',
        '--connect-to',
        `www.example.com:443:${ADDRESS}:8443`,
        'https://www.example.com/',
      ])
      .ended();
    for (let before = -1; before !== size(); await pause(1500)) before = size();
    process.kill(tcpdump.pid, 'SIGTERM');
    const { errors } = await tcpdump.ended();
    expect(errors).toContain('\n0 packets dropped by kernel');
    const events = await watch.finish();
    expect(losses(watch)).toEqual(NO_LOSSES);
    const live = events.map((event) => comparable(eventToJson(event)));
    const output = execFileSync(TELEGEN, ['replay', '--events', 'dns,http,grpc,tls', file], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const replayed = output
      .split('\n')
      .filter((line) => line.startsWith('{') && !line.includes('"severity"'))
      .map(comparable);
    expect(live).toHaveLength(6 + 300 + 2 + 400 + 1);
    expect(differences(live, replayed)).toBe('');
    await tls.kill();
  });
});
