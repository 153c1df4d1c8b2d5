import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { TelegenError } from '../../model/errors.ts';
import type { OtlpTlsConfig } from './otlp-options.ts';

/** PEM texts ready for gRPC. */
export interface TlsMaterial {
  readonly roots: Buffer;
  readonly key: Buffer | null;
  readonly chain: Buffer | null;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

function fail(message: string, cause?: unknown): never {
  throw new TelegenError('TELEGEN_EXPORT', message, { cause });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function read(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    return fail(`${file}: cannot read the ${what}: ${reasonOf(error)}`, error);
  }
}

function readCertificates(file: string, what: string): { pem: Buffer; first: X509Certificate } {
  const pem = read(file, what);
  const blocks = pem.toString('latin1').match(CERTIFICATE) ?? [];
  try {
    const [first] = blocks.map((block) => new X509Certificate(block));
    if (first !== undefined) return { pem, first };
  } catch (error) {
    return fail(`${file}: not a valid ${what}: ${reasonOf(error)}`, error);
  }
  return fail(`${file}: holds no certificate; a ${what} in PEM form is needed (-----BEGIN CERTIFICATE-----)`);
}

function readKey(file: string): { pem: Buffer; key: KeyObject } {
  const pem = read(file, 'client key');
  try {
    return { pem, key: createPrivateKey(pem) };
  } catch (error) {
    const encrypted = pem.includes('ENCRYPTED');
    const cure = encrypted ? 'it is encrypted; store it decrypted' : 'a PEM key is needed';
    return fail(`${file}: not a usable client key (${reasonOf(error)}): ${cure}`, error);
  }
}

/** Those of Node and of the operating system: company CAs are installed in the latter. */
function trustedRoots(): Buffer {
  const roots = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  return Buffer.from([...roots].join('\n'));
}

/**
 * Reads and checks the files of a TLS connection. Without a CA file the roots of this host are trusted.
 * Throws TELEGEN_EXPORT naming the file that is unreadable, malformed, or does not fit the other.
 */
export function loadTlsMaterial(tls: OtlpTlsConfig): TlsMaterial {
  const roots =
    tls.caFile === undefined ? trustedRoots() : readCertificates(tls.caFile, 'CA certificate').pem;
  if (tls.certFile === undefined || tls.keyFile === undefined) return { roots, key: null, chain: null };
  const chain = readCertificates(tls.certFile, 'client certificate');
  const key = readKey(tls.keyFile);
  if (!chain.first.checkPrivateKey(key.key)) {
    fail(`${tls.keyFile}: this key does not belong to the certificate in ${tls.certFile}`);
  }
  return { roots, key: key.pem, chain: chain.pem };
}
