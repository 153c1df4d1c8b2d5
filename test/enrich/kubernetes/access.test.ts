import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceAccountAccess } from '../../../src/enrich/kubernetes/access.ts';
import { kubeconfigAccess } from '../../../src/enrich/kubernetes/kubeconfig.ts';
import { podObject } from '../../support/kubernetes-objects.ts';
import { type Certificates, makeCertificates } from '../../telemetry/support/certificates.ts';
import { makeFile, scratchFolder } from '../fake-proc.ts';
import { ip, openApi, readCluster } from './world.ts';

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates.remove());

const secureApi = () => openApi({ tls: certificates.server });
const pod = podObject({ name: 'a', ip: '10.1.0.1' });

describe('the service account of a pod', () => {
  const folderWith = (token: string, ca = certificates.ca.cert): string => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'token'), `${token}\n`);
    writeFileSync(join(folder, 'ca.crt'), ca);
    return folder;
  };
  const envOf = (port: number) => ({
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(port),
  });

  it.each([
    ['outside a cluster', {}, undefined],
    [
      'IPv4',
      { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '6443' },
      'https://10.96.0.1:6443/',
    ],
    ['IPv6, without a port', { KUBERNETES_SERVICE_HOST: 'fd00::1' }, 'https://[fd00::1]/'],
  ])('%s', (_title, env, url) => {
    expect(serviceAccountAccess(env)?.url.href).toBe(url);
  });

  it('lets in over TLS, and again with the token that comes next', async () => {
    const api = await secureApi();
    api.put('pods', pod);
    api.tokens.add('first');
    const folder = folderWith('first');
    const world = readCluster(api, { access: serviceAccountAccess(envOf(api.port), folder)! });
    await world.settled();
    api.tokens.clear();
    api.tokens.add('second');
    api.cut('pods', 'end');
    await world.until('the refusal', () => (world.status('pods').failures.unauthorized ?? 0) > 0);
    writeFileSync(join(folder, 'token'), 'second');
    await world.until('another watch', () => api.watchers('pods') === 1);
    api.put('pods', podObject({ name: 'b', ip: '10.1.0.2' }));
    await world.until('the next change', () => world.cluster.workloadAt(ip('10.1.0.2'), 1) !== undefined);
    expect(world.status('pods').lists).toBe(1);
    expect(new Set(api.asked.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer first', 'Bearer second']),
    );
  });

  it.each([
    [
      'is not signed by the CA',
      () => folderWith('t', certificates.otherCa.cert),
      'unreachable',
      /certificate|unable to verify/,
    ],
    [
      'no token file',
      () => {
        const folder = folderWith('t');
        rmSync(join(folder, 'token'));
        return folder;
      },
      'credentials',
      /token .*ENOENT/,
    ],
    ['an empty token', () => folderWith(''), 'credentials', /empty or not printable/],
    ['a token with a line break', () => folderWith('a\nb'), 'credentials', /empty or not printable/],
  ])('goes on trying when it cannot get in: %s', async (_title, make, reason, message) => {
    const api = await secureApi();
    const world = readCluster(api, { access: serviceAccountAccess(envOf(api.port), make())! });
    await world.until('failures', () => (world.status('pods').failures[reason as 'credentials'] ?? 0) > 1);
    expect(world.problems[0]?.message).toMatch(message);
    expect(api.asked).toEqual([]);
  });
});

describe('a kubeconfig', () => {
  interface Parts {
    readonly server?: string;
    readonly cluster?: object;
    readonly user?: object;
    readonly rest?: object;
  }
  const write = ({
    server = 'https://127.0.0.1:6443',
    cluster = {},
    user = {},
    rest = {},
  }: Parts): string => {
    const path = join(scratchFolder(), 'config');
    const file = {
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server, ...cluster } }],
      users: [{ name: 'u', user }],
      ...rest,
    };
    writeFileSync(path, JSON.stringify(file));
    return path;
  };
  const base64 = (bytes: Buffer): string => bytes.toString('base64');

  it.each([
    ['a token', () => ({ token: 'secret' }), 'Bearer secret'],
    ['user and password', () => ({ username: 'u', password: 'p' }), 'Basic dTpw'],
    [
      'a client certificate inside',
      () => ({
        'client-certificate-data': base64(certificates.client.cert),
        'client-key-data': base64(certificates.client.key),
      }),
      undefined,
    ],
    [
      'a client certificate in files',
      () => ({
        'client-certificate': certificates.client.certFile,
        'client-key': certificates.client.keyFile,
      }),
      undefined,
    ],
  ])('lets in with %s', async (_title, user, authorization) => {
    const api = await secureApi();
    api.put('pods', pod);
    const cluster = { 'certificate-authority-data': base64(certificates.ca.cert) };
    const world = readCluster(api, {
      access: kubeconfigAccess(write({ server: api.url, cluster, user: user() })),
    });
    await world.settled();
    expect(api.asked[0]?.authorization).toBe(authorization);
  });

  it('lets in with a token file that lies beside it, and one CA for another name', async () => {
    const api = await secureApi();
    const path = write({
      server: api.url,
      cluster: { 'certificate-authority': certificates.ca.certFile, 'tls-server-name': 'localhost' },
      user: { tokenFile: 'token' },
    });
    makeFile(join(path, '../token'), 'beside');
    const world = readCluster(api, { access: kubeconfigAccess(path) });
    await world.settled();
    expect(api.asked[0]?.authorization).toBe('Bearer beside');
  });

  it.each<[string, Parts, string]>([
    [
      'no current context',
      { rest: { 'current-context': '' } },
      'no current-context: choose one with kubectl config use-context',
    ],
    [
      'a context that is not there',
      { rest: { 'current-context': 'x' } },
      'current-context x is not in contexts',
    ],
    ['a cluster that is not there', { rest: { clusters: [] } }, 'there is no cluster c'],
    ['no server', { server: '' }, 'the cluster has no server'],
    ['no URL', { server: 'nonsense' }, 'server nonsense is no URL'],
    [
      'plaintext to elsewhere',
      { server: 'http://192.0.2.1' },
      'server http://192.0.2.1: give https://, or http:// on loopback (kubectl proxy)',
    ],
    [
      'credentials in plaintext',
      { server: 'http://127.0.0.1', user: { token: 't' } },
      'credentials over http would be readable on the way; use https',
    ],
    [
      'no verification',
      { cluster: { 'insecure-skip-tls-verify': true } },
      'insecure-skip-tls-verify is not supported; give certificate-authority',
    ],
    ['a proxy', { cluster: { 'proxy-url': 'http://p' } }, 'proxy-url is not supported'],
    [
      'a program',
      { user: { exec: { command: 'aws' } } },
      'exec is not supported; give a token, tokenFile or client certificate',
    ],
  ])('refuses %s', (_title, parts, problem) => {
    const path = write(parts);
    expect(() => kubeconfigAccess(path)).toThrow(`${path}: ${problem} (agent.kubernetes.kubeconfig)`);
  });

  it.each([
    ['is not there', undefined, 'cannot be read (ENOENT)'],
    ['is no YAML', 'a: [', 'is no YAML: '],
    ['is a list', '[]', 'is no kubeconfig'],
    ['is full of aliases', 'a: &a [x]\nb: [*a]', 'is no YAML: '],
    ['is huge', `a: ${'x'.repeat(1_100_000)}`, 'is longer than 1 MiB'],
  ])('that %s', (_title, text, problem) => {
    const path = join(scratchFolder(), 'config');
    if (text !== undefined) writeFileSync(path, text);
    expect(() => kubeconfigAccess(path)).toThrow(`${path}: ${problem}`);
  });
});
