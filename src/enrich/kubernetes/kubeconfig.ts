import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { TelegenError } from '../../model/errors.ts';
import { type ApiAccess, bearer, type Credentials, readSecret } from './access.ts';
import { at, type Json, listAt, objectOf, textAt } from './json.ts';

const MAX_BYTES = 1_048_576;

/**
 * The access that the current context of a kubeconfig file gives: CA, token, token file, client certificate, user and
 * password. Throws TELEGEN_CONFIG for a file that cannot be used; programs that fetch tokens are not run.
 */
export function kubeconfigAccess(path: string): ApiAccess {
  const fail = (problem: string): never => {
    throw new TelegenError('TELEGEN_CONFIG', `${path}: ${problem} (agent.kubernetes.kubeconfig)`);
  };
  const file = readFile(path, fail);
  const name =
    textAt(file, 'current-context') ?? fail('no current-context: choose one with kubectl config use-context');
  const context =
    named(file, 'contexts', name, 'context') ?? fail(`current-context ${name} is not in contexts`);
  const clusterName = textAt(context, 'cluster') ?? fail(`context ${name} names no cluster`);
  const cluster =
    named(file, 'clusters', clusterName, 'cluster') ?? fail(`there is no cluster ${clusterName}`);
  const userName = textAt(context, 'user');
  const user = (userName === undefined ? undefined : named(file, 'users', userName, 'user')) ?? {};
  const url = serverOf(cluster, fail);
  refuseUnsupported(cluster, user, fail);
  const absolute = (text: string): string => resolve(dirname(path), text);
  const secured = url.protocol === 'https:';
  if (!secured && Object.keys(user).length > 0)
    fail('credentials over http would be readable on the way; use https');
  return {
    url,
    source: `kubeconfig ${path}, context ${name}`,
    credentials: () => readCredentials(cluster, user, absolute),
  };
}

type Fail = (problem: string) => never;

function readFile(path: string, fail: Fail): Json {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    fail(`cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  if (text.length > MAX_BYTES) fail('is longer than 1 MiB');
  try {
    return objectOf(parse(text, { maxAliasCount: 0 })) ?? fail('is no kubeconfig');
  } catch (error) {
    if (error instanceof TelegenError) throw error;
    return fail(
      `is no YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
    );
  }
}

function named(file: Json, list: string, name: string, key: string): Json | undefined {
  return objectOf(
    at(
      listAt(file, list).find((each) => textAt(each, 'name') === name),
      key,
    ),
  );
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

function serverOf(cluster: Json, fail: Fail): URL {
  const text = textAt(cluster, 'server') ?? fail('the cluster has no server');
  const url = URL.canParse(text) ? new URL(text) : fail(`server ${text} is no URL`);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
    fail(`server ${text}: give https://, or http:// on loopback (kubectl proxy)`);
  return url;
}

/** Named, lest somebody believes that they act. */
function refuseUnsupported(cluster: Json, user: Json, fail: Fail): void {
  if (cluster['insecure-skip-tls-verify'] === true)
    fail('insecure-skip-tls-verify is not supported; give certificate-authority');
  if (cluster['proxy-url'] !== undefined) fail('proxy-url is not supported');
  for (const key of ['exec', 'auth-provider', 'as', 'as-groups', 'as-user-extra'])
    if (user[key] !== undefined)
      fail(`${key} is not supported; give a token, tokenFile or client certificate`);
}

async function readCredentials(
  cluster: Json,
  user: Json,
  absolute: (path: string) => string,
): Promise<Credentials> {
  const inline = async (from: Json, key: string): Promise<string | undefined> => {
    const data = textAt(from, `${key}-data`);
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    const file = textAt(from, key);
    return file === undefined ? undefined : await readSecret(absolute(file), key);
  };
  const [ca, cert, key, authorization] = await Promise.all([
    inline(cluster, 'certificate-authority'),
    inline(user, 'client-certificate'),
    inline(user, 'client-key'),
    authorizationOf(user, absolute),
  ]);
  const servername = textAt(cluster, 'tls-server-name');
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(authorization !== undefined && { authorization }),
    ...(servername !== undefined && { servername }),
  };
}

/** As kubectl does it, a token file goes before a token. */
async function authorizationOf(user: Json, absolute: (path: string) => string): Promise<string | undefined> {
  const file = textAt(user, 'tokenFile');
  if (file !== undefined) return bearer(await readSecret(absolute(file), 'tokenFile'));
  const token = textAt(user, 'token');
  if (token !== undefined) return bearer(token);
  const { username, password } = user;
  if (typeof username !== 'string' || typeof password !== 'string') return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
