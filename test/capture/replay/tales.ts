import { BEGIN_NS, type TimedPacket } from '../../support/capture-files.ts';
import { type Bytes, ETHER, ethernet, text } from '../../support/packets.ts';
import { type TcpScript, tcpScript } from '../../support/tcp-script.ts';

export const OUTSIDE = '198.51.100.2';
export const INSIDE = '192.0.2.1';

/** A conversation told step by step, or in words: `C:S S:SA C:PA=hello`, side, flags and payload. */
export type Tale = string | ((script: TcpScript) => void);

export const HANDSHAKE = 'C:S S:SA C:A';
export const CLOSE = 'C:FA S:FA C:A';

/** Makes the packets of a conversation by telling it. */
export function told(tale: Tale, ...of: Parameters<typeof tcpScript>): TimedPacket[] {
  const script = tcpScript(...of);
  if (typeof tale !== 'string') tale(script);
  else for (const word of tale.split(' ')) speak(script, word);
  return script.packets;
}

function speak(script: TcpScript, word: string): void {
  const [, side, flags = '', payload = ''] = /^([CS]):(\w*)=?(.*)$/.exec(word) ?? [];
  if (side === undefined) throw new Error(`no step: ${word}`);
  script.say(side === 'C' ? 'client' : 'server', flags, text(payload));
}

/** An IP packet in a frame, some milliseconds after the begin. */
export function at(ms: number, packet: Bytes, type: number = ETHER.ipv4): TimedPacket {
  return { bytes: ethernet(type, packet), timeNs: BEGIN_NS + BigInt(Math.round(ms * 1000)) * 1000n };
}
