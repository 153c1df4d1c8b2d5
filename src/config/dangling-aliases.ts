import { type Document, isAlias, visit } from 'yaml';

/** Offsets of aliases (`*name`) without an anchor (`&name`) before them: mostly globs that lack their quotes. */
export function danglingAliases(document: Document): number[] {
  const anchors = new Set<string>();
  const offsets: number[] = [];
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) {
        if (!anchors.has(node.source)) offsets.push(node.range?.[0] ?? 0);
      } else if (node.anchor !== undefined) anchors.add(node.anchor);
    },
  });
  return offsets;
}
