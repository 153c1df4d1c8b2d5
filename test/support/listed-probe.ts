import { fileURLToPath } from 'node:url';
import type { BpfObject } from '../../src/capture/addon.ts';
import { KernelLists, type ListCapacity, listMapSizes } from '../../src/capture/live/lists/kernel-lists.ts';
import type { IpAddress } from '../../src/model/ip-address.ts';
import { openBpfSource } from './bpf-source.ts';

const SOURCE = fileURLToPath(new URL('listed_probe.bpf.c', import.meta.url));
const QUESTION_BYTES = 20;
const AT_A_TIME = 30;

/** The kernel's own lookups, asked without any connection. */
export interface ListedProbe {
  readonly kernel: KernelLists;
  /** Which of the addresses the lists name. */
  ask(ips: readonly IpAddress[]): boolean[];
  close(): void;
}

export function openProbe(capacity: ListCapacity): ListedProbe {
  const object = openBpfSource(SOURCE);
  object.setConstant('tg_lists_wanted', new Uint8Array([1]));
  for (const [map, entries] of Object.entries(listMapSizes(capacity))) object.resizeMap(map, entries);
  object.load();
  return {
    kernel: new KernelLists(object, capacity),
    ask: (ips) => askAll(object, ips),
    close: () => object.close(),
  };
}

function askAll(object: BpfObject, ips: readonly IpAddress[]): boolean[] {
  const answers: boolean[] = [];
  const frame = new Uint8Array(AT_A_TIME * QUESTION_BYTES);
  const words = new Uint32Array(frame.buffer);
  for (let start = 0; start < ips.length; start += AT_A_TIME) {
    const some = ips.slice(start, start + AT_A_TIME);
    for (const [i, { family, w0, w1, w2, w3 }] of some.entries())
      words.set([family, w0, w1, w2, w3], (i * QUESTION_BYTES) / 4);
    const { result } = object.testRun('ask', frame, 1);
    for (let i = 0; i < some.length; i++) answers.push(((result >>> i) & 1) === 1);
  }
  return answers;
}
