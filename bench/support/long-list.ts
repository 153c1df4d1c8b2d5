export const LONG_LIST_ENTRIES = 100_000;

/**
 * A blocklist of 50,000 IPv4 addresses, every second one of the benchmarking range (RFC 2544) so that no two join into
 * one range, and 50,000 IPv6 addresses of the documentation range.
 */
export function longList(): string {
  return Array.from({ length: LONG_LIST_ENTRIES / 2 }, (_, index) => {
    const low = index * 2;
    const v4 = `198.${18 + (low >>> 16)}.${(low >>> 8) & 255}.${low & 255}`;
    return `${v4}\n2001:db8:${(low & 0xffff).toString(16)}::${(low >>> 16).toString(16)}:${(low & 0xffff).toString(16)}\n`;
  }).join('');
}
