import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyText } from '../../src/net/body-text.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the beginning of a body as text', () => {
  test.each([
    ['plain text', 'hello, wörld: 100 %', 'hello, wörld: 100 %'],
    ['JSON', '{"user":"ann","password":"hunter2"}', '{"user":"ann","password":"***"}'],
    ['a form', 'user=ann&password=hunter2&x=1', 'user=ann&password=***&x=1'],
    ['a form that begins with the secret', 'password=hunter2&user=ann', 'password=***&user=ann'],
    ['XML', '<login><user>ann</user><password a="1">hunter2</password></login>', undefined],
    ['tabs and line ends', 'a\tb\r\nc', 'a\tb\r\nc'],
  ])('%s', (_, text, expected) => {
    const wanted = expected ?? '<login><user>ann</user><password a="1">***</password></login>';
    expect(bodyText(bytes(text), false)).toBe(wanted);
  });

  test('a multipart form', () => {
    const part = (name: string, value: string): string =>
      `--b\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: text/plain\r\n\r\n${value}\r\n`;
    const text = bodyText(bytes(`${part('user', 'ann')}${part('password', 'hunter2\r\nmore')}--b--`), false);
    expect(text).toContain('ann');
    expect(text).not.toMatch(/hunter2|more/);
  });

  test.each([
    ['empty', new Uint8Array(0)],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0)],
    ['a zero byte', bytes('a\0b')],
    ['not UTF-8', Uint8Array.of(0xc3, 0x28)],
  ])('%s is not shown', (_, body) => expect(bodyText(body, false)).toBeUndefined());

  test('half a character at the cut is left out', () => {
    expect(bodyText(bytes('one twö').subarray(0, -1), true)).toBe('one ');
  });

  const SECRETS = [
    '{"a":1,"password":"correct horse \\"battery\\" staple","b":2}',
    '{"token": "hunter2hunter2"}',
    'user=ann&password=correct+horse&x=1',
    '<c><password>correct horse</password></c>',
    'password: correct',
  ];
  test('a secret that is cut anywhere stays hidden', () => {
    for (const text of SECRETS) {
      for (let end = 0; end <= text.length; end++) {
        const shown = bodyText(bytes(text.slice(0, end)), end < text.length) ?? '';
        expect(shown).not.toMatch(/corr|horse|batt|stapl|hunt/);
      }
    }
  });

  test('any bytes, cut or not, never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (body, cut) => {
        const text = bodyText(body, cut);
        return text === undefined || text.length > 0;
      }),
    );
  });
});
