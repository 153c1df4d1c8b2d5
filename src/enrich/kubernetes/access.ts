import { readFile } from 'node:fs/promises';
import { ApiError } from './api-error.ts';

/** TLS and login of one request. */
export interface Credentials {
  readonly authorization?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate has to bear, where it is not that of the address. */
  readonly servername?: string;
}

/** Where the API is, and how to get in. */
export interface ApiAccess {
  readonly url: URL;
  /** Where this comes from, in words. */
  readonly source: string;
  /** Read anew for each request: tokens and certificates are replaced in place. Rejects with an ApiError. */
  credentials(): Promise<Credentials>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What the access that every pod gets is read from, and again when the kubelet renews it; nothing outside a cluster. */
export function serviceAccountFiles(
  { KUBERNETES_SERVICE_HOST: host }: Environment,
  folder = SERVICE_ACCOUNT,
): string[] {
  return host === undefined || host === '' ? [] : [`${folder}/token`, `${folder}/ca.crt`];
}

/** The access that every pod gets; undefined outside a cluster. `folder` holds token and certificate. */
export function serviceAccountAccess(env: Environment, folder = SERVICE_ACCOUNT): ApiAccess | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === undefined || host === '') return undefined;
  return {
    url: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    source: 'service account',
    async credentials() {
      const [token, ca] = await Promise.all([
        readSecret(`${folder}/token`, 'service account token'),
        readSecret(`${folder}/ca.crt`, 'certificate of the cluster'),
      ]);
      return { authorization: bearer(token), ca };
    },
  };
}

/** Text of a file, without blanks at its ends. Rejects with an ApiError that names the file. */
export async function readSecret(path: string, what: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ApiError('credentials', `${what} ${path} cannot be read (${code})`);
  }
}

/** The header for a token. A token that cannot stand in a header is refused without being shown. */
export function bearer(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new ApiError('credentials', 'the token is empty or not printable');
  return `Bearer ${token}`;
}
