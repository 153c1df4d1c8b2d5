import { MAX_SECRET_BYTES } from '../../config/defaults.ts';
import { readText } from '../../config/read-text.ts';
import { TelegenError } from '../../model/errors.ts';
import { createFileStamps } from '../../telemetry/export/file-stamps.ts';
import { bearerGuard, type HttpGuard, TOKEN } from '../../telemetry/export/http-guard.ts';
import type { HttpTls } from '../../telemetry/export/http-server.ts';
import { loadTlsMaterial } from '../../telemetry/export/otlp-credentials.ts';

export interface ListenSecretFiles {
  readonly tokenFile: string | undefined;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
}

/** What guards the HTTP listener, out of files that may be renewed while it listens. */
export interface ListenSecrets {
  readonly guard: HttpGuard | undefined;
  readonly tls: HttpTls | undefined;
  /**
   * Reads the files again if they have changed; `onTls` gets a new certificate. What cannot be used leaves the last good in
   * place, and its problem is returned.
   */
  renew(onTls: (tls: HttpTls) => void): string | undefined;
}

const LOOK_INTERVAL_MS = 2_000;
const TOKEN_KEY = 'agent.telemetry.listen.token_file';

function readToken(file: string): string {
  const result = readText(file, MAX_SECRET_BYTES);
  const problem = 'problem' in result ? result.problem : undefined;
  const token = 'text' in result ? result.text.trim() : '';
  if (problem === undefined && TOKEN.test(token)) return token;
  const reason = problem ?? 'must hold one word of at least 16 printable characters';
  throw new TelegenError('TELEGEN_EXPORT', `${TOKEN_KEY}: ${file}: ${reason}`);
}

function readTls({ certFile, keyFile }: NonNullable<ListenSecretFiles['tls']>): HttpTls {
  const { chain, key } = loadTlsMaterial({ certFile, keyFile });
  if (chain === null || key === null) throw new TelegenError('TELEGEN_EXPORT', `${certFile}: no certificate`);
  return { cert: chain, key };
}

/** Reads the files; TELEGEN_EXPORT when one cannot be used: telegen does not listen with less protection than was asked for. */
export function openListenSecrets({ tokenFile, tls: tlsFiles }: ListenSecretFiles): ListenSecrets {
  let token = tokenFile === undefined ? undefined : readToken(tokenFile);
  let tls = tlsFiles && readTls(tlsFiles);
  const files = [tokenFile, tlsFiles?.certFile, tlsFiles?.keyFile].filter((file) => file !== undefined);
  const stamps = createFileStamps(files, { intervalMs: LOOK_INTERVAL_MS, now: () => performance.now() });
  return {
    guard: token === undefined ? undefined : bearerGuard(() => token ?? ''),
    get tls() {
      return tls;
    },
    renew(onTls) {
      if (!stamps.changed()) return undefined;
      try {
        if (tokenFile !== undefined) token = readToken(tokenFile);
        if (tlsFiles === undefined) return undefined;
        tls = readTls(tlsFiles);
        onTls(tls);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  };
}
