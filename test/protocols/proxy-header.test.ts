import { describe, expect, test } from 'vitest';
import { proxyHeaderSize } from '../../src/protocols/proxy-header.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const LINE = 'PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n';
const LONGEST = `PROXY UNKNOWN ${'f'.repeat(91)}\r\n`;

describe('the size of a PROXY header', () => {
  test.each<[string, string, number]>([
    ['version 1', LINE, LINE.length],
    ['IPv6', 'PROXY TCP6 2001:db8::1 2001:db8::2 50000 443\r\n', 46],
    ['unknown addresses', 'PROXY UNKNOWN\r\n', 15],
    ['the longest line', LONGEST, 107],
    ['version 2', `${SIGNATURE}\x21\x11\0\x0c`, 28],
    ['version 2 of the proxy itself', `${SIGNATURE}\x20\0\0\0`, 16],
    ['the longest of version 2', `${SIGNATURE}\x21\x21\xff\xff`, 65_551],
  ])('%s, whatever follows, and not told before it can be', (_name, header, size) => {
    expect(proxyHeaderSize(bytes(header))).toBe(size);
    expect(proxyHeaderSize(bytes(`${header}GET / HTTP/1.1\r\n`))).toBe(size);
    for (let end = 0; end < header.length; end++)
      expect(proxyHeaderSize(bytes(header.slice(0, end)))).toBeUndefined();
  });

  test.each<[string, string]>([
    ['a request', 'GET / HTTP/1.1\r\n'],
    ['POST', 'POST / HTTP/1.1\r\n'],
    ['a method of that name', 'PROXY /a HTTP/1.1\r\n'],
    ['another protocol', 'PROXY UDP4 192.0.2.1'],
    ['a line that is too long', `PROXY UNKNOWN ${'f'.repeat(92)}\r\n`],
    ['a line that ends in LF alone', 'PROXY UNKNOWN\n'],
    ['a line that is no text', 'PROXY TCP4 \x01'],
    ['empty lines in front of a request', '\r\n\r\nGET / HTTP/1.1\r\n'],
    ['version 3', `${SIGNATURE}\x31\x11\0\x0c`],
    ['a command that there is not', `${SIGNATURE}\x22\x11\0\x0c`],
    ['a TLS record', '\x16\x03\x01'],
  ])('none: %s', (_name, text) => {
    expect(proxyHeaderSize(bytes(text))).toBe(0);
  });
});
