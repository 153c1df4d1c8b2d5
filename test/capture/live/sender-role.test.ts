import { expect, test } from 'vitest';
import { senderRole } from '../../../src/capture/live/sender-role.ts';

test.each([
  ['GET / HTTP/1.1', 'client'],
  ['M-SEARCH * HTTP/1.1', 'client'],
  ['CONNECT www.example.com:443', 'client'],
  ['PRI * HTTP/2.0', 'client'],
  ['HTTP/1.0 200 OK', 'server'],
  ['\x16\x03\x01\x02\x00\x01\x00', 'client'],
  ['\x16\x03\x03\x02\x00\x02\x00', undefined],
  ['get / HTTP/1.1', undefined],
  ['GE / HTTP/1.1', undefined],
  ['220 mail.example.com ESMTP', undefined],
  ['', undefined],
])('%j: %s', (text, role) => {
  expect(senderRole(Buffer.from(text, 'latin1'))).toBe(role);
});
