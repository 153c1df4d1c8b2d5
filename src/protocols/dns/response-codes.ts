/** "DNS RCODEs" of IANA. 9 is NOTAUTH for both of its meanings; 16 is BADVERS, because a TSIG error is no response code. */
const NAMES: readonly (string | undefined)[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
  'DSOTYPENI',
  undefined,
  undefined,
  undefined,
  undefined,
  'BADVERS',
  'BADKEY',
  'BADTIME',
  'BADMODE',
  'BADNAME',
  'BADALG',
  'BADTRUNC',
  'BADCOOKIE',
];

/** Mnemonic of a response code with its EDNS extension (12 bits); `RCODE3841` for what IANA does not name. */
export function responseCodeName(code: number): string {
  return NAMES[code] ?? `RCODE${code}`;
}
