import { parseIp } from '../../net/ip.ts';
import type { FormatReader } from './format.ts';
import { forEachLine, withoutComment } from './lines.ts';

/** Names that every hosts file has and that mean this machine or its network. */
const LOCAL_NAME =
  /^(?:local|localhost|localhost\.localdomain|localhost[46](?:\.localdomain[46])?|broadcasthost|0\.0\.0\.0|ip6-.*)$/i;
/** Addresses that hosts files send unwanted names to. */
const SINKS = new Set(['0.0.0.0', '127.0.0.1', '127.0.0.2', '127.0.1.1', '::', '::1', '255.255.255.255']);

/** A hosts file: the names are the entries, the addresses only say that they lead nowhere. */
export const readHosts: FormatReader = (text, sink) => {
  forEachLine(text, (raw, line) => {
    const entry = withoutComment(raw);
    if (entry === '') return;
    const [address = '', ...names] = entry.split(/\s+/);
    const bare = address.replace(/%.*$/, '');
    if (!parseIp(bare)) return sink.invalid(line, entry, 'not an address followed by host names');
    if (names.length === 0) return sink.invalid(line, entry, 'an address without host names');
    const isSink = SINKS.has(bare);
    for (const name of names) {
      if (LOCAL_NAME.test(name)) sink.ignored(line, name, 'names this machine');
      else if (isSink) sink.name(line, name);
      else sink.ignored(line, name, `a real mapping to ${bare}, not a blocked name`);
    }
  });
};
