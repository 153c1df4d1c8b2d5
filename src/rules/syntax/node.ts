/** Plain data of a YAML document in which every part knows its place. Whoever reads YAML makes it; this folder only takes it. */
export type YamlNode = YamlMap | YamlSeq | YamlScalar;
export type ScalarValue = string | number | bigint | boolean | null;

export interface YamlScalar {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
  /** Characters from the start of the file. */
  readonly offset: number;
}

export interface YamlSeq {
  readonly kind: 'seq';
  readonly items: readonly YamlNode[];
  readonly offset: number;
}

export interface YamlEntry {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: YamlNode;
}

export interface YamlMap {
  readonly kind: 'map';
  readonly entries: readonly YamlEntry[];
  readonly offset: number;
}

/** The entry of a key; undefined when the node is no map or lacks it. */
export function entryOf(node: YamlNode | undefined, key: string): YamlEntry | undefined {
  return node?.kind === 'map' ? node.entries.find((entry) => entry.key === key) : undefined;
}

/** The value of a key; undefined when the node is no map or lacks it. */
export function childOf(node: YamlNode | undefined, key: string): YamlNode | undefined {
  return entryOf(node, key)?.value;
}

/** The text of a scalar that is neither null nor empty; numbers and booleans as YAML has them. */
export function textOf(node: YamlNode | undefined): string | undefined {
  if (node?.kind !== 'scalar' || node.value === null || node.value === '') return undefined;
  return String(node.value);
}

/** A list of texts; one scalar counts as a list of one. What is no scalar is left out. */
export function textsOf(node: YamlNode | undefined): readonly string[] {
  if (node === undefined) return [];
  if (node.kind === 'seq') return node.items.flatMap((item) => textOf(item) ?? []);
  return [textOf(node) ?? []].flat();
}

export const isNull = (node: YamlNode | undefined): boolean =>
  node === undefined || (node.kind === 'scalar' && node.value === null);

/** Plain data, for custom attributes and JSON. */
export function plainOf(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'seq':
      return node.items.map(plainOf);
    case 'map':
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainOf(value)]));
    default:
      return node satisfies never;
  }
}
