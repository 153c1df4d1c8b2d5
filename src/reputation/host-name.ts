import { domainToASCII } from 'node:url';

export type HostNameParse =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly reason: string };

const MAX_NAME = 253;
/** Underscores occur in names of services, though not in those of hosts. */
const NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** Top-level domains are letters, or punycode: `198.51.100.6x` is a mistyped address, not a name. */
const TOP_LEVEL = /(?:^|\.)(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$/;
const ASCII = /^\p{ASCII}*$/u;

/**
 * A host name as it appears on the wire: lower case, without the last dot, other scripts as punycode. Refuses what is
 * no name, and names without a dot: one such entry would list a whole top-level domain.
 */
export function hostName(text: string): HostNameParse {
  if (text.length > 4 * MAX_NAME) return refuse('longer than a host name can be');
  const lower = text.toLowerCase();
  const ascii = ASCII.test(lower) ? lower : domainToASCII(lower);
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  if (name.length > MAX_NAME) return refuse('longer than a host name can be');
  if (/^[a-z0-9_-]+$/.test(name) && TOP_LEVEL.test(name))
    return refuse('a name without a dot would list a whole top-level domain');
  if (!NAME.test(name) || !TOP_LEVEL.test(name)) return refuse('not a host name');
  return { ok: true, name };
}

function refuse(reason: string): HostNameParse {
  return { ok: false, reason };
}
