import { describe, expect, it } from 'vitest';
import type { DecodedRecord } from '../../src/capture/decode.ts';
import * as layout from '../../src/capture/layout.gen.ts';
import { formatIp } from '../../src/net/ip.ts';
import {
  decode,
  EPOCH_OFFSET_MS,
  OWNER,
  type RecordWriter,
  recordWriter,
  writeConnection,
  writeOwner,
  writeStats,
  writeText,
} from './records.ts';

const { ATTRIBUTION, PHASE, REASON, RECORD_KIND, ROLE } = layout;
function one(fill: (writer: RecordWriter) => void): DecodedRecord {
  const writer = recordWriter();
  fill(writer);
  const { records, malformed, count } = decode(writer.buffer, writer.size());
  expect({ malformed, count }).toEqual({ malformed: [], count: 1 });
  return records[0]!;
}

const begun = (fields: Parameters<typeof writeConnection>[1]): DecodedRecord =>
  one((writer) =>
    writer.add(RECORD_KIND.CONNECTION, layout.SIZE_CONNECTION, (record) => writeConnection(record, fields)),
  );
const ended = (fields: Parameters<typeof writeConnection>[1], reason: number): DecodedRecord =>
  one((writer) =>
    writer.add(RECORD_KIND.CONNECTION_END, layout.SIZE_CONNECTION_END, (record) => {
      writeConnection(record, fields);
      writeStats(record, reason);
    }),
  );

describe('connections', () => {
  it('are told whole', () => {
    expect(begun({ phase: PHASE.ESTABLISHED, rttUs: 250 })).toEqual({
      kind: 'connection',
      phase: 'established',
      timeMs: EPOCH_OFFSET_MS + 7000,
      transport: 'tcp',
      role: 'client',
      local: { ip: { family: 4, w0: 0, w1: 0, w2: 0, w3: 0xc0000207 }, port: 51_000 },
      remote: { ip: { family: 4, w0: 0, w1: 0, w2: 0, w3: 0xc6336405 }, port: 443 },
      socketId: 99,
      owner: OWNER,
      attribution: 'socket',
      process: undefined,
      workload: undefined,
      handshakeRttUs: 250,
    });
  });

  it('in IPv6', () => {
    const event = begun({ phase: PHASE.ATTEMPTED, family: 6 });
    if (event.kind !== 'connection') throw new Error(event.kind);
    expect([event.local, event.remote].map(({ ip }) => formatIp(ip))).toEqual([
      '2001:db8::c000:207',
      '2001:db8::c633:6405',
    ]);
    expect(event).not.toHaveProperty('handshakeRttUs');
  });

  it.each([
    [PHASE.ATTEMPTED, 'attempted'],
    [PHASE.ESTABLISHED, 'established'],
    [PHASE.ACCEPTED, 'accepted'],
  ])('phase %i is %s', (phase, name) => expect(begun({ phase })).toMatchObject({ phase: name }));

  it.each([
    [ROLE.UNKNOWN, 'unknown'],
    [ROLE.CLIENT, 'client'],
    [ROLE.SERVER, 'server'],
    [200, 'unknown'],
  ])('role %i is %s', (role, name) => expect(begun({ phase: 1, role })).toMatchObject({ role: name }));

  it.each([
    [ATTRIBUTION.UNKNOWN, 'unknown'],
    [ATTRIBUTION.SOCKET, 'socket'],
    [ATTRIBUTION.WORKER, 'worker'],
    [ATTRIBUTION.LISTENER, 'listener'],
    [ATTRIBUTION.PREEXISTING, 'preexisting'],
    [200, 'unknown'],
  ])('attribution %i is %s', (attribution, name) =>
    expect(begun({ phase: 1, attribution })).toMatchObject({ attribution: name }),
  );

  it.each([
    [REASON.UNKNOWN, 'unknown'],
    [REASON.CLOSED, 'closed'],
    [REASON.REFUSED, 'refused'],
    [REASON.TIMEOUT, 'timeout'],
    [REASON.UNREACHABLE, 'unreachable'],
    [REASON.RESET, 'reset'],
    [REASON.ABORTED, 'aborted'],
    [4_000_000_000, 'unknown'],
  ])('reason %i is %s', (reason, name) =>
    expect(ended({ phase: PHASE.FAILED }, reason)).toMatchObject({ phase: 'failed', reason: name }),
  );

  it('end with counters, and with errno when there is one', () => {
    const event = ended({ phase: PHASE.CLOSED, rttUs: 300, error: 104 }, REASON.RESET);
    expect(event).toMatchObject({
      phase: 'closed',
      errno: 104,
      stats: {
        bytesSent: 5_000_000_001,
        bytesReceived: 11,
        segmentsSent: 12,
        segmentsReceived: 13,
        retransmits: 2,
        rttUs: 300,
        minRttUs: 14,
        durationMs: 250,
      },
    });
    expect(ended({ phase: PHASE.CLOSED }, REASON.CLOSED)).not.toHaveProperty('errno');
  });

  it('of UDP end without made-up counters', () => {
    const event = ended({ phase: PHASE.FAILED, protocol: 17, error: 111 }, REASON.REFUSED);
    expect(event).toMatchObject({ transport: 'udp', errno: 111 });
    expect(event).not.toHaveProperty('stats');
  });

  it('without an owner have none', () => {
    const event = one((writer) =>
      writer.add(RECORD_KIND.CONNECTION, layout.SIZE_CONNECTION, (record) => {
        writeConnection(record, { phase: PHASE.ACCEPTED, attribution: 0 });
        record.setUint32(layout.AT_CONNECTION_OWNER + layout.AT_OWNER_PID, 0, true);
      }),
    );
    expect(event).toMatchObject({ owner: undefined, attribution: 'unknown' });
  });
});

describe('processes', () => {
  interface Exec {
    filename?: string | Uint8Array;
    path?: string;
    args?: string | Uint8Array;
    pathSize?: number;
    argsSize?: number;
    cwd?: string;
    cwdSize?: number;
    loginUid?: number;
  }
  const exec = ({ filename = '', path = '', args = '', cwd, ...more }: Exec): DecodedRecord =>
    one((writer) =>
      writer.add(RECORD_KIND.EXEC_DETAIL, layout.SIZE_EXEC_DETAIL, (record) => {
        writeOwner(record, layout.AT_EXEC_OWNER);
        writeText(record, layout.AT_EXEC_FILENAME, filename);
        writeText(record, layout.AT_EXEC_DETAIL_PATH, path);
        writeText(record, layout.AT_EXEC_DETAIL_ARGS, args);
        record.setUint32(layout.AT_EXEC_DETAIL_PATH_SIZE, more.pathSize ?? path.length, true);
        record.setUint32(layout.AT_EXEC_DETAIL_ARGS_SIZE, more.argsSize ?? args.length, true);
        writeText(record, layout.AT_EXEC_DETAIL_CWD, cwd ?? '');
        const cwdSize = more.cwdSize ?? (cwd === undefined ? 0 : cwd.length + 1);
        record.setUint32(layout.AT_EXEC_DETAIL_CWD_SIZE, cwdSize, true);
        record.setUint32(layout.AT_EXEC_DETAIL_LOGIN_UID, more.loginUid ?? 0xffff_ffff, true);
      }),
    );

  it('begin with path and arguments', () => {
    expect(exec({ filename: './shell', path: 'shell\0tmp\0', args: './shell\0-c\0' })).toEqual({
      kind: 'process',
      action: 'exec',
      timeMs: EPOCH_OFFSET_MS,
      owner: OWNER,
      filename: './shell',
      executablePath: '/tmp/shell',
      args: ['./shell', '-c'],
    });
  });

  it.each<[string, Exec, object]>([
    ['empty arguments stay', { args: 'a\0\0b\0' }, { args: ['a', '', 'b'] }],
    ['a cut last argument stays', { args: 'a\0bc' }, { args: ['a', 'bc'] }],
    [
      'UTF-8',
      { path: 'ü\0tmp\0', pathSize: 7, args: 'é\0', argsSize: 3 },
      { executablePath: '/tmp/ü', args: ['é'] },
    ],
    ['bytes that are no UTF-8', { args: new Uint8Array([0x66, 0xff, 0]) }, { args: ['f\uFFFD'] }],
    ['the longest name', { filename: 'n'.repeat(254), path: 'x\0' }, { filename: 'n'.repeat(254) }],
    [
      'lengths beyond the record are cut to it',
      { args: 'a\0', pathSize: 0, argsSize: 0xffff_ffff },
      { args: ['a', ...Array(510).fill('')] },
    ],
    ['a working directory', { cwd: 'b\0srv\0' }, { workingDirectory: '/srv/b' }],
    ['that of the root', { cwd: '' }, { workingDirectory: '/' }],
    ['whom the session is of', { loginUid: 0 }, { loginUid: 0 }],
  ])('%s', (_, fields, expected) => expect(exec(fields)).toMatchObject(expected));

  it('of which nothing could be read say nothing', () => {
    const event = exec({});
    for (const key of ['filename', 'executablePath', 'args', 'workingDirectory', 'loginUid'])
      expect(event).not.toHaveProperty(key);
  });

  const named = (filename: string): DecodedRecord =>
    one((writer) =>
      writer.add(RECORD_KIND.EXEC, layout.SIZE_EXEC, (record) => {
        writeOwner(record, layout.AT_EXEC_OWNER);
        writeText(record, layout.AT_EXEC_FILENAME, filename);
      }),
    );

  it('begin, without BTF, with a file name alone', () => {
    expect(named('/bin/true')).toEqual({
      kind: 'process',
      action: 'exec',
      timeMs: EPOCH_OFFSET_MS,
      owner: OWNER,
      filename: '/bin/true',
    });
  });

  it.each([255, 256])('have no name that was cut, at %d bytes', (length) => {
    const filename = `/${'n'.repeat(length - 1)}`;
    for (const event of [named(filename), exec({ filename, path: 'x\0' })])
      expect(event).not.toHaveProperty('filename');
  });

  it.each(['/usr/bin/../../tmp/x', '/proc/self/exe'])('have, without BTF, no name such as %s', (filename) => {
    expect(named(filename)).not.toHaveProperty('filename');
    expect(named(filename.slice(1))).toMatchObject({ filename: filename.slice(1) });
    expect(exec({ filename, path: 'x\0' })).toMatchObject({ filename, executablePath: '/x' });
  });

  it('have no name whose path could not be read: the program chose it', () => {
    const event = exec({ filename: '/usr/bin/harmless', args: 'a\0' });
    expect(event).toMatchObject({ args: ['a'] });
    for (const key of ['filename', 'executablePath']) expect(event).not.toHaveProperty(key);
  });

  it('end', () => {
    const event = one((writer) =>
      writer.add(RECORD_KIND.EXIT, layout.SIZE_EXIT, (record) => writeOwner(record, layout.AT_EXIT_OWNER)),
    );
    expect(event).toEqual({ kind: 'process', action: 'exit', timeMs: EPOCH_OFFSET_MS, owner: OWNER });
  });
});

it('the end of a UDP socket', () => {
  const event = one((writer) =>
    writer.add(RECORD_KIND.UDP_SOCKET_CLOSED, layout.SIZE_UDP_SOCKET_CLOSED, (record) =>
      record.setBigUint64(layout.AT_UDP_SOCKET_CLOSED_COOKIE, 2n ** 40n, true),
    ),
  );
  expect(event).toEqual({ kind: 'udp-socket-closed', timeMs: EPOCH_OFFSET_MS, socketId: 2 ** 40 });
});
