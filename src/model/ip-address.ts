/**
 * An IP address as four 32-bit unsigned words in network order.
 * IPv4 lives in `w3` alone (`w0`..`w2` are 0); an IPv4-mapped IPv6 address is always carried as IPv4.
 */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
}

/** One end of a conversation. `port` is 0 where the protocol has none. */
export interface Endpoint {
  readonly ip: IpAddress;
  readonly port: number;
}
