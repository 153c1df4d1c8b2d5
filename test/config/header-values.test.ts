import { describe, expect, test } from 'vitest';
import { errorsOf, loadText } from './helpers.ts';

const otlp = (headers: string): string => `otlp:\n  headers: {${headers}}\n`;

describe('otlp.headers', () => {
  test('values in the file and values in files', () => {
    const text = otlp('x-tenant: "42", authorization: {file: secrets/token}, X-Key: {file: /run/key}');
    const files = { '/etc/telegen/secrets/token': 'Bearer s3cret\r\n', '/run/key': ' abc' };
    expect(loadText(text, files).config.otlp.headers).toEqual({
      'x-tenant': '42',
      authorization: 'Bearer s3cret',
      'X-Key': 'abc',
    });
  });

  test.each([
    ['a: {file: none}', 'otlp.headers.a.file: /etc/telegen/none: no such file'],
    ['a: {file: empty}', 'is empty'],
    ['a: {file: lines}', 'one line of printable ASCII text'],
    ['a: {file: large}', 'larger than 65536 bytes'],
    ['a: {file: ""}', 'otlp.headers.a.file: found a string; must be a file path'],
    ['a: {fiel: x}', 'found a mapping'],
    ['a: {file: empty, x: y}', 'otlp.headers.a.x: unknown key; legal here: file'],
    ['a: "x\\ny"', 'must be printable text'],
    ['a: ünicode', 'must be printable text'],
    ['a: ""', 'must be printable text'],
    ['a: ', 'found no value'],
    ['"a b": x', 'otlp.headers.a b: not a legal name'],
    ['grpc-timeout: x', 'not a legal name'],
    ['trace-Bin: x', 'not a legal name'],
    ['__proto__: x', 'otlp.headers.__proto__: not a legal name'],
    ['a: x, A: y', 'otlp.headers.A: given twice'],
  ])('%s', (headers, message) => {
    const files = {
      '/etc/telegen/empty': '\n',
      '/etc/telegen/lines': 'a\nb',
      '/etc/telegen/large': 'x'.repeat(65_537),
    };
    expect(errorsOf(otlp(headers), files).join('\n')).toContain(message);
  });

  test.each([
    ['a: 12345678'],
    ['a: !s3cret'],
    ['a: *s3cret'],
    ['a: "\\s3cret"'],
    ['a: [s3cret]'],
    ['a: "s3cret\\n"'],
    ['a: {file: lines}'],
  ])('%s: no message shows a value', (headers) => {
    const message = errorsOf(otlp(headers), { '/etc/telegen/lines': 's3cret\n12345678' }).join('\n');
    expect(message).toMatch(/^2:/);
    expect(message).not.toMatch(/s3cret|12345678/);
  });
});
