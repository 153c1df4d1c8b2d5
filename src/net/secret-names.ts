const WORDS = new Set(
  `password passwd passphrase passcode pass pwd secret token apikey accesskey secretkey credential credentials
  authorization sig signature sessionid jsessionid phpsessid`.split(/\s+/),
);
const PAIRS = new Set(
  ['api', 'access', 'secret', 'auth', 'account', 'shared', 'signing', 'encryption', 'master', 'storage']
    .map((word) => `${word} key`)
    .concat(['session id']),
);
/** Endings of names that are written in one piece, e.g. `PGPASSWORD` or `githubtoken`. */
const ENDING = /(?:password|passwd|passphrase|secret|token|apikey|accesskey|secretkey)$/;
/** A shell's working directory, not a password. */
const HARMLESS = new Set(['PWD', 'OLDPWD']);

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** Whether a flag, variable, header or query parameter of this name holds a credential (`--db-password`, `apiKey`). */
export function isSecretName(name: string): boolean {
  if (HARMLESS.has(name)) return false;
  const words = wordsOf(name);
  const last = words.at(-1);
  if (last === undefined) return false;
  return WORDS.has(last) || PAIRS.has(`${words.at(-2)} ${last}`) || ENDING.test(last);
}
