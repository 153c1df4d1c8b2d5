import { expect, test } from 'vitest';
import type { ContentEvent } from '../../src/model/event.ts';
import { packetsOf, replayed, TALES } from './told.ts';

/** What an exchange is known by. Bodies apart: what was sent before it was known who serves may tell where they end. */
function said(event: ContentEvent): unknown {
  const http = event.kind === 'grpc' ? event.grpc.http : event.kind === 'http' ? event.http : undefined;
  const { local, remote } = event;
  return [event.kind, local.ip, remote.ip, http?.method, http?.target, http?.statusCode, http?.outcome];
}

const tales = TALES.filter(({ name }) => name.startsWith('HTTP') || name === 'gRPC');

test.each(tales.map((tale) => [tale.name, tale.turns] as const))(
  '%s, joined at any packet: read on any port as on one of services',
  (_name, turns) => {
    const known = packetsOf(80, turns);
    const unknown = packetsOf(8000, turns);
    for (let from = 3; from < known.length; from++)
      expect([from, ...replayed(unknown.slice(from)).map(said)]).toEqual([
        from,
        ...replayed(known.slice(from)).map(said),
      ]);
  },
);
