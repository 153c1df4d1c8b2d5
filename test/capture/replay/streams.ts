import type { TimedPacket } from '../../support/capture-files.ts';
import { text } from '../../support/packets.ts';
import { type TcpScript, tcpScript } from '../../support/tcp-script.ts';
import { type Run, type RunOptions, run } from './harness.ts';

export const ISN = 1000;
export const NEAR_WRAP = 0xffff_fff0;

/** A client that sends pieces of a stream (offsets from its first byte) and a server that acknowledges. */
export interface Stream {
  readonly script: TcpScript;
  readonly send: (offset: number, data: string) => TimedPacket;
  readonly ack: (offset: number) => void;
}

export function stream(clientIsn = ISN): Stream {
  const script = tcpScript({ clientIsn });
  script.handshake();
  const place = (offset: number): number => (clientIsn + 1 + offset) >>> 0;
  return {
    script,
    send: (offset, data) => script.say('client', 'PA', text(data), { seq: place(offset) }),
    ack: (offset) => void script.say('server', 'A', undefined, { ack: place(offset) }),
  };
}

export function streamed(tell: (s: Stream) => void, options: RunOptions = {}, clientIsn = ISN): Run {
  const made = stream(clientIsn);
  tell(made);
  return run(made.script.packets, options);
}
