import { isSecretName } from './secret-names.ts';

/** What stands in the place of a secret. */
export const MASK = '***';

/** How a program takes a secret after a short flag: glued to it, as the next argument, or as `user:secret`. */
type ShortForm = 'glued' | 'next' | 'either' | 'userinfo';
type ShortFlags = Readonly<Record<string, ShortForm>>;

/** Short flags mean a secret for these programs only: `-p` is a port or a path nearly everywhere else. */
const PROGRAMS: readonly (readonly [RegExp, ShortFlags])[] = [
  [/^(?:mysql|mariadb|mycli)[\w-]*$/, { '-p': 'glued' }],
  [/^(?:sshpass|mongo[a-z]*)$/, { '-p': 'either' }],
  [/^redis-cli$/, { '-a': 'next' }],
  [/^ldap[a-z]+$/, { '-w': 'either' }],
  [/^curl$/, { '-u': 'userinfo', '--user': 'userinfo', '-U': 'userinfo', '--proxy-user': 'userinfo' }],
];

/** Every pattern is linear: each begins at a fixed mark and its classes exclude what follows them. */
const PEM = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g;
const USER_AND_PASSWORD = /(:\/\/[^\s/?#:@"']*):[^\s/?#"']*@/g;
const TOKEN_AS_USER = /(https?:\/\/)[^\s/?#:@"'*]+@/gi;
const COOKIE = /(?<![\w-])((?:set-)?cookie\s?:\s?)[^"'\r\n]+/gi;
const AUTHORIZATION =
  /(?<![\w-])((?:proxy-)?authorization\s?:\s?)((?:basic|bearer|token|apikey|negotiate|ntlm)\s)?(?:digest\s[^\r\n]+|aws4-hmac-sha256\s[^"'\r\n]+|[^\s"']+)/gi;
const BEARER = /(?<![\w-])(bearer\s)[\w.~+/=-]{8,}/gi;
const X_HEADER = /(?<![\w-])(x-[\w-]+)(\s?:\s?)[^\s"']+/gi;
const QUOTED_NAME = /(\\?["'])([\w.-]+)\1(\s?:\s?)(?:\\"[^"\\]*\\"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,}"'\\]+)/g;
const SPACED_COLON = /(?<![\w.-])(?!(?:proxy-)?authorization:)([A-Za-z_][\w.-]*)(:\s)[^\s"',;&]+/gi;
const QUOTED_VALUE = /(?<![\w.-])(-{0,2}[A-Za-z_][\w.-]*)(=|\s+)("[^"]*"|'[^']*')/g;
const QUERY = /([?&;])([A-Za-z_][\w.%-]*)=[^\s&#;"']+/g;
const KNOWN_TOKEN =
  /(?<![\w-])(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*)/g;

/** Every pattern but the known tokens needs one of these; most arguments have none. */
const MARKS = /[:=\s]/;

/** A URL without userinfo, or its path, that nothing but the names in its query can make secret ... */
const PLAIN_URL = /^(?:https?:\/\/[\w.-]+(?::\d+)?)?\/[\w.~%+,/-]*(?:\?[\w.~%+,/=&-]*)?$/;
/** ... unless it has one of these: what a header or a token begins with. */
const RISKY = /cookie|authorization|x-|gh[pousr]_|github_pat_|glpat-|xox|eyJ/i;

function maskQuery(text: string): string {
  if (!text.includes('=')) return text;
  return text.replace(QUERY, maskParameter);
}

function maskParameter(all: string, mark: string, name: string): string {
  return isSecretName(name) ? `${mark}${name}=${MASK}` : all;
}

function maskPatterns(text: string): string {
  if (!MARKS.test(text)) return text.replace(KNOWN_TOKEN, MASK);
  const named = (whole: string, name: string, sep: string): string =>
    isSecretName(name) ? `${name}${sep}${MASK}` : whole;
  return text
    .replace(PEM, MASK)
    .replace(USER_AND_PASSWORD, `$1:${MASK}@`)
    .replace(TOKEN_AS_USER, `$1${MASK}@`)
    .replace(COOKIE, `$1${MASK}`)
    .replace(
      AUTHORIZATION,
      (_all, head: string, scheme: string | undefined) => `${head}${scheme ?? ''}${MASK}`,
    )
    .replace(BEARER, `$1${MASK}`)
    .replace(X_HEADER, (all: string, name: string, sep: string) =>
      isSecretName(name) || /-(?:key|auth)$/i.test(name) ? `${name}${sep}${MASK}` : all,
    )
    .replace(QUOTED_NAME, (all: string, quote: string, name: string, sep: string) =>
      isSecretName(name) ? `${quote}${name}${quote}${sep}${quote}${MASK}${quote}` : all,
    )
    .replace(SPACED_COLON, named)
    .replace(QUOTED_VALUE, (all: string, name: string, sep: string) =>
      sep === '=' || name.startsWith('-') ? named(all, name, sep) : all,
    )
    .replace(QUERY, maskParameter)
    .replace(KNOWN_TOKEN, MASK);
}

function maskUserinfo(value: string): string {
  const colon = value.indexOf(':');
  return colon < 0 ? value : `${value.slice(0, colon)}:${MASK}`;
}

function shortFlagsOf(word: string): ShortFlags | undefined {
  const name = word.slice(word.lastIndexOf('/') + 1);
  return PROGRAMS.find(([pattern]) => pattern.test(name))?.[1];
}

/** A word that carries its own secret: `--password=x`, `TOKEN=x`, openssl's `pass:x`. */
function maskAssignment(word: string): string {
  if (word.startsWith('pass:')) return `pass:${MASK}`;
  const equals = word.indexOf('=');
  if (equals <= 0) return word;
  const name = word.slice(0, equals);
  if (!/^-{0,2}[A-Za-z_][\w.-]*$/.test(name) || !isSecretName(name)) return word;
  // The first parameter of a form: only its own value is the secret.
  const end = name.startsWith('-') || !/&[\w.-]+=/.test(word) ? word.length : word.indexOf('&', equals);
  return `${name}=${MASK}${word.slice(end)}`;
}

interface WordState {
  flags: ShortFlags;
  next: 'plain' | 'secret' | 'userinfo';
}

function maskGlued(word: string, flags: ShortFlags): string | undefined {
  const flag = word.slice(0, 2);
  const form = flags[flag];
  if (form === undefined || form === 'next' || word.length === 2 || word.startsWith('--')) return undefined;
  return flag + (form === 'userinfo' ? maskUserinfo(word.slice(2)) : MASK);
}

function maskFlag(word: string, state: WordState): string {
  const glued = maskGlued(word, state.flags);
  if (glued !== undefined) return glued;
  const form = state.flags[word];
  if (form === 'userinfo') state.next = 'userinfo';
  else if (form === 'next' || form === 'either') state.next = 'secret';
  else if (/^--?[A-Za-z][\w.-]*$/.test(word) && isSecretName(word)) state.next = 'secret';
  return maskAssignment(word);
}

function maskWord(word: string, state: WordState): string {
  const { next } = state;
  state.next = 'plain';
  // `--password --verbose` asks at the terminal: the next word is a flag, not the secret.
  if (next !== 'plain' && !word.startsWith('--')) return next === 'secret' ? MASK : maskUserinfo(word);
  if (word.startsWith('-')) return maskFlag(word, state);
  state.flags = shortFlagsOf(word) ?? state.flags;
  return maskAssignment(word);
}

/** Masks credentials in free text (a command line, a URL, a header): flags, variables, headers, userinfo, query values. */
export function maskSecrets(text: string): string {
  if (PLAIN_URL.test(text) && !RISKY.test(text)) return maskQuery(text);
  const state: WordState = { flags: {}, next: 'plain' };
  return maskPatterns(text)
    .split(/(\s+)/)
    .map((part) => (part === '' || part.trim() === '' ? part : maskWord(part, state)))
    .join('');
}

/** Masks credentials in an argument vector (`argv[0]` first). The result has as many arguments as the input. */
export function maskArgs(args: readonly string[]): string[] {
  const state: WordState = { flags: {}, next: 'plain' };
  return args.map((arg) => {
    const whole = maskWord(arg, state);
    return whole === arg ? maskSecrets(arg) : maskPatterns(whole);
  });
}

/** Header fields that are a credential as a whole, whatever their value looks like. */
const SECRET_HEADERS: ReadonlySet<string> = new Set(
  `authorization proxy-authorization cookie cookie2 set-cookie set-cookie2 authentication-info
  proxy-authentication-info`.split(/\s+/),
);

/** The value of a header field (lower-case name) as it may leave: masked whole, or credentials in it masked. */
export function maskHeader(name: string, value: string): string {
  if (SECRET_HEADERS.has(name) || isSecretName(name) || /(?:^|-)(?:auth|key)$/.test(name)) return MASK;
  return maskSecrets(value);
}
