import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTlsMaterial } from '../../../src/telemetry/export/otlp-credentials.ts';
import type { OtlpTlsConfig } from '../../../src/telemetry/export/otlp-options.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';

let certs: Certificates;
const inDir = (name: string): string => join(certs.dir, name);

beforeAll(() => {
  certs = makeCertificates();
  writeFileSync(inDir('empty.pem'), '');
  writeFileSync(inDir('garbage.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  writeFileSync(inDir('bundle.pem'), Buffer.concat([certs.ca.cert, readFileSync(inDir('garbage.pem'))]));
  mkdirSync(inDir('folder'));
  const encrypt = [
    'ec',
    '-in',
    certs.client.keyFile,
    '-aes128',
    '-passout',
    'pass:x',
    '-out',
    inDir('encrypted.key'),
  ];
  execFileSync('openssl', encrypt, { stdio: 'pipe' });
});
afterAll(() => certs.remove());

describe('loadTlsMaterial', () => {
  it('reads CA, certificate and key', () => {
    const { certFile, keyFile, cert, key } = certs.client;
    expect(loadTlsMaterial({ caFile: certs.ca.certFile, certFile, keyFile })).toEqual({
      roots: certs.ca.cert,
      chain: cert,
      key,
    });
  });

  it('needs no client certificate', () => {
    expect(loadTlsMaterial({ caFile: certs.ca.certFile })).toEqual({
      roots: certs.ca.cert,
      chain: null,
      key: null,
    });
  });

  it('falls back to the roots of Node and of the host', () => {
    expect(loadTlsMaterial({}).roots.toString()).toContain('-----BEGIN CERTIFICATE-----');
  });

  const client = (certFile: string, keyFile: string): OtlpTlsConfig => ({ certFile, keyFile });
  it.each([
    [
      'an absent CA',
      () => ({ caFile: inDir('absent.pem') }),
      'absent.pem',
      /cannot read the CA certificate: ENOENT/,
    ],
    ['a folder', () => ({ caFile: inDir('folder') }), 'folder', /cannot read .*EISDIR/],
    ['an empty CA', () => ({ caFile: inDir('empty.pem') }), 'empty.pem', /holds no certificate/],
    ['a malformed CA', () => ({ caFile: inDir('garbage.pem') }), 'garbage.pem', /not a valid CA certificate/],
    ['a bundle with one malformed', () => ({ caFile: inDir('bundle.pem') }), 'bundle.pem', /not a valid CA/],
    ['a key as CA', () => ({ caFile: certs.ca.keyFile }), 'ca.key', /holds no certificate/],
    [
      'a key as certificate',
      () => client(certs.client.keyFile, certs.client.keyFile),
      'client.key',
      /client certificate/,
    ],
    [
      'a certificate as key',
      () => client(certs.client.certFile, certs.client.certFile),
      'client.crt',
      /not a usable client key/,
    ],
    [
      'an absent key',
      () => client(certs.client.certFile, inDir('absent.key')),
      'absent.key',
      /cannot read the client key/,
    ],
    [
      'an encrypted key',
      () => client(certs.client.certFile, inDir('encrypted.key')),
      'encrypted.key',
      /store it decrypted/,
    ],
    [
      'the key of another',
      () => client(certs.client.certFile, certs.server.keyFile),
      'server.key',
      /does not belong to .*client\.crt/,
    ],
  ])('refuses %s, naming the file', (_name, tls, file, message) => {
    expect(() => loadTlsMaterial(tls())).toThrow(message);
    expect(() => loadTlsMaterial(tls())).toThrow(expect.objectContaining({ code: 'TELEGEN_EXPORT' }));
    expect(() => loadTlsMaterial(tls())).toThrow(inDir(file));
  });
});
