import type { Sandbox } from '../../test/support/sandbox.ts';
import { answers, SERVER } from './steady-load.ts';

const PORT = '5201';

/** Starts iperf3 in the observed cgroup; the ground's end is its. */
export async function startBulkServer(ground: Sandbox): Promise<void> {
  ground.start(['iperf3', '-s', '-p', PORT]);
  await answers(ground, ['iperf3', '-c', SERVER, '-p', PORT, '-n', '1000']);
}

/** The words that send to the server for so many seconds from outside. */
export const bulkCommand = (seconds: number, ...more: readonly string[]): readonly string[] => [
  ...`iperf3 -J -c ${SERVER} -p ${PORT} -t ${seconds}`.split(' '),
  ...more,
];

export interface Bulk {
  readonly bitsPerSecond: number;
  readonly bytes: number;
}

/** What arrived, as iperf3 says it. */
export function readBulk(text: string): Bulk {
  const { end } = JSON.parse(text) as {
    readonly end: { readonly sum_received: { readonly bits_per_second: number; readonly bytes: number } };
  };
  return { bitsPerSecond: end.sum_received.bits_per_second, bytes: end.sum_received.bytes };
}

/** Bits a second that arrive. */
export async function bulkRate(ground: Sandbox, seconds: number): Promise<number> {
  const outside = { cgroup: 'none', namespace: 'outside' } as const;
  return readBulk(await ground.start(bulkCommand(seconds), outside).end()).bitsPerSecond;
}
