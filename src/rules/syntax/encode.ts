const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export type Utf16 = 'utf16le' | 'utf16be' | 'utf16';

/** UTF-8, lone surrogates as U+FFFD. */
export function utf8Bytes(text: string): readonly number[] {
  const bytes: number[] = [];
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else bytes.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return bytes;
}

const tail = (code: number): number => 0x80 | (code & 0x3f);

/** Every UTF-16 unit as two bytes; `utf16` is little endian behind a byte order mark. */
export function utf16Bytes(text: string, form: Utf16): readonly number[] {
  const bytes: number[] = form === 'utf16' ? [0xff, 0xfe] : [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (form === 'utf16be') bytes.push(unit >> 8, unit & 255);
    else bytes.push(unit & 255, unit >> 8);
  }
  return bytes;
}

/** Standard base64 with padding. */
export function base64(bytes: readonly number[]): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.slice(i, i + 3);
    const word = (a << 16) | (b << 8) | c;
    const left = bytes.length - i;
    out += ALPHABET.charAt(word >> 18) + ALPHABET.charAt((word >> 12) & 63);
    out += left > 1 ? ALPHABET.charAt((word >> 6) & 63) : '=';
    out += left > 2 ? ALPHABET.charAt(word & 63) : '=';
  }
  return out;
}

const DROP_START = [0, 2, 3];
const DROP_END = [0, 3, 2];

/** What the bytes look like inside a longer base64 text, at each of the three places where they can begin. */
export function base64Offsets(bytes: readonly number[]): readonly string[] {
  return [0, 1, 2].map((shift) => {
    const text = base64([...Array.from({ length: shift }, () => 32), ...bytes]);
    const end = text.length - (DROP_END[(bytes.length + shift) % 3] ?? 0);
    return text.slice(DROP_START[shift], end);
  });
}
