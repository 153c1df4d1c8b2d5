/**
 * Networks in which a host's ordinary internal traffic has its addresses, so that a list which names them accuses
 * everybody (RFC 6890, 1918, 6598, 3927, 5771, 4193, 4291). Documentation and benchmarking networks are left out: they
 * occur in examples and laboratories only.
 */
export const RESERVED_NETWORKS: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
];
