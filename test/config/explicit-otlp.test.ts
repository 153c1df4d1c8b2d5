import { expect, test } from 'vitest';
import { explicitOtlp } from '../../src/config/explicit-otlp.ts';
import { loadConfig } from '../../src/config/load.ts';
import { loadText } from './helpers.ts';

test('without a file nothing is explicit', () => {
  expect(explicitOtlp(loadConfig(undefined))).toEqual({});
});

test.each([
  ['endpoint: "h:4317"', { endpoint: 'https://h:4317' }],
  ['endpoint: "h:4317", insecure: true', { endpoint: 'http://h:4317', insecure: true }],
  ['timeout: 10s', { timeoutMs: 10_000 }],
  ['compression: none', { compression: 'none' }],
  ['service_name: telegen', { serviceName: 'telegen' }],
  ['headers: {a: b}', { headers: { a: 'b' } }],
  ['tls: {ca_file: /ca}', { tls: { caFile: '/ca' } }],
  ['tls: {cert_file: /c, key_file: /k}', { tls: { certFile: '/c', keyFile: '/k' } }],
])('%s', (text, options) => expect(explicitOtlp(loadText(`otlp: {${text}}`))).toEqual(options));
