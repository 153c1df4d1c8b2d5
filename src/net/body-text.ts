import { isSecretName } from './secret-names.ts';
import { MASK, maskSecrets } from './secrets.ts';

/** Control characters other than tab and line ends: not text. */
const BINARY = /[^\P{Cc}\t\r\n]/u;
/** Where a cut text may be taken apart; what follows the last of these may be half a secret. */
const ENDS = new Set(' \t\r\n,;&"\'{}<>');
/** `<password>...`, with attributes, up to the next tag. */
const XML = /(<([A-Za-z_][\w.:-]{0,100})(?:\s[^<>]{0,1000})?>)[^<]+/g;
/** Heads a part of a multipart form. */
const FORM_PART = /^content-disposition\s?:\s?form-data\s?;[^"]{0,200}\bname="([^"]{1,200})"/i;

/**
 * The beginning of a body as text with credentials masked; undefined when it is not UTF-8 text (also compressed).
 * Of a `cut` body the last, perhaps incomplete, word is left out, and a value in quotes that was cut counts as whole.
 */
export function bodyText(bytes: Uint8Array, cut: boolean): string | undefined {
  const text = utf8(cut ? withoutHalfCharacter(bytes) : bytes);
  if (text === undefined || text === '' || BINARY.test(text)) return undefined;
  const masked = maskSecrets(maskMarkup(cut ? `${withoutHalfWord(text)}"` : text));
  const shown = cut ? masked.replace(/"$/, '') : masked;
  return shown === '' ? undefined : shown;
}

function withoutHalfWord(text: string): string {
  let end = text.length;
  while (end > 0 && !ENDS.has(text.charAt(end - 1))) end--;
  // A backslash before the quote that is put there would keep a cut value open.
  while (end > 0 && text.charAt(end - 1) === '\\') end--;
  return text.slice(0, end);
}

function maskMarkup(text: string): string {
  const masked = text.replace(XML, (all, head: string, name: string) =>
    isSecretName(name) ? `${head}${MASK}` : all,
  );
  return /form-data/i.test(masked) ? maskForm(masked) : masked;
}

/** The values of secret parts: what is between the empty line behind the part's head and the next boundary. */
function maskForm(text: string): string {
  let part: 'none' | 'head' | 'value' = 'none';
  const lines = text.split('\n').map((line) => {
    if (line.startsWith('--')) part = 'none';
    const name = FORM_PART.exec(line)?.[1];
    if (name !== undefined) part = isSecretName(name) ? 'head' : 'none';
    else if (part === 'value') return MASK;
    else if (part === 'head' && line.trim() === '') part = 'value';
    return line;
  });
  return lines.join('\n');
}

/** Undefined when it is not well-formed. The pure core has no TextDecoder. */
function utf8(bytes: Uint8Array): string | undefined {
  let escaped = '';
  for (const byte of bytes) {
    const isPlain = byte < 128 && byte !== 37;
    escaped += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`;
  }
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}

/** Without the bytes of a character that does not end within `bytes`. */
function withoutHalfCharacter(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 128) break;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
