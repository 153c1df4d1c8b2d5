import type { TlsFacts } from '../../model/conversation.ts';
import { escapedText } from '../dns/ascii.ts';
import { type ClientHello, EXTENSION } from './client-hello.ts';
import { ja4 } from './ja4.ts';

const VERSION_NAMES = new Map([
  [0x0304, '1.3'],
  [0x0303, '1.2'],
  [0x0302, '1.1'],
  [0x0301, '1.0'],
  [0x0300, 'SSL 3.0'],
]);

/** What a ClientHello says, in the shared form; `quicVersion` when it came over QUIC. */
export function tlsFacts(hello: ClientHello, quicVersion?: '1' | '2'): TlsFacts {
  const { supportedVersions, legacyVersion, extensions, serverName } = hello;
  const versions = supportedVersions.length > 0 ? supportedVersions : [legacyVersion];
  return {
    ...(serverName !== undefined && { serverName }),
    alpn: hello.alpn.map((name) => escapedText(name, { from: 0, to: name.length }, '')),
    versions: versions.toSorted((a, b) => b - a).map(versionName),
    cipherCount: hello.ciphers.length,
    ja4: ja4(hello, quicVersion === undefined ? 'tcp' : 'quic'),
    encryptedHello:
      extensions.includes(EXTENSION.encryptedClientHello) ||
      extensions.includes(EXTENSION.encryptedServerName),
    ...(quicVersion !== undefined && { quicVersion }),
  };
}

/** Drafts and unknown versions as `0x7f1c`. */
function versionName(version: number): string {
  return VERSION_NAMES.get(version) ?? `0x${version.toString(16).padStart(4, '0')}`;
}
