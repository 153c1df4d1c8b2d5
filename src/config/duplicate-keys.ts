import { isMap, isScalar, isSeq } from 'yaml';
import type { KeyPath } from './schema-tree.ts';

export interface DuplicateKey {
  readonly path: KeyPath;
  readonly offset: number;
  readonly firstOffset: number;
}

interface Step {
  readonly node: unknown;
  readonly segment: string | number | undefined;
  readonly parent: Step | undefined;
}

/** Keys that stand twice in one mapping, in the order of the text. Linear, and not recursive: nesting may be deep. */
export function duplicateKeys(contents: unknown): DuplicateKey[] {
  const found: DuplicateKey[] = [];
  const open: Step[] = [{ node: contents, segment: undefined, parent: undefined }];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const parent = step;
    const { node } = step;
    if (isSeq(node))
      for (const [index, item] of node.items.entries()) open.push({ node: item, segment: index, parent });
    if (!isMap(node)) continue;
    const firstOffsets = new Map<string, number>();
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const here: Step = { node: value, segment: String(key.value), parent };
      const offset = key.range?.[0] ?? 0;
      const firstOffset = firstOffsets.get(String(key.value));
      if (firstOffset === undefined) firstOffsets.set(String(key.value), offset);
      else found.push({ path: pathTo(here), offset, firstOffset });
      open.push(here);
    }
  }
  return found.sort((a, b) => a.offset - b.offset);
}

function pathTo(last: Step): KeyPath {
  const path: (string | number)[] = [];
  for (let step: Step | undefined = last; step?.segment !== undefined; step = step.parent)
    path.push(step.segment);
  return path.reverse();
}
