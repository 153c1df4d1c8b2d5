import { expect, test } from 'vitest';
import { text } from '../../support/packets.ts';
import { type TcpScript, tcpScript } from '../../support/tcp-script.ts';
import { run } from './harness.ts';

const OWN = '\u0001\u0002something of its own';

/** What the end of a conversation says of its beginning. */
function told(tell: (s: TcpScript) => void): string | undefined {
  const script = tcpScript();
  tell(script);
  script.close();
  const end = run(script.packets).events.find(({ phase }) => phase === 'closed');
  return end?.isUnrecognised === true ? 'unrecognised' : end?.spoken;
}

test.each<[string, (s: TcpScript) => void, string | undefined]>([
  ['nothing that is known', (s) => s.say('client', 'PA', text(OWN)), 'unrecognised'],
  ['HTTP', (s) => s.say('client', 'PA', text('GET / HTTP/1.1\r\n\r\n')), undefined],
  ['SSH', (s) => s.say('client', 'PA', text('SSH-2.0-x\r\n')), 'ssh'],
  ['a server alone', (s) => s.say('server', 'PA', text(OWN)), undefined],
  [
    'a server that says what the client did not',
    (s) => {
      s.say('client', 'PA', text(OWN));
      s.say('server', 'PA', text('SSH-2.0-x\r\n'));
    },
    'ssh',
  ],
  [
    'known at first, something else behind',
    (s) => {
      s.say('client', 'PA', text('GET / HTTP/1.1\r\n\r\n'));
      s.say('client', 'PA', text(OWN));
    },
    undefined,
  ],
  ['nothing', () => undefined, undefined],
])('%s', (_name, tell, expected) => {
  expect(
    told((s) => {
      s.handshake();
      tell(s);
    }),
  ).toBe(expected);
});

test('a conversation that was joined in the middle says nothing', () => {
  expect(
    told((s) => {
      s.handshake();
      s.say('client', 'PA', text('GET / HTTP/1.1\r\n\r\n'));
      s.say('server', 'A');
      s.packets.splice(0);
      s.say('client', 'PA', text(OWN));
      s.say('server', 'A');
    }),
  ).toBeUndefined();
});
