import type { ScalarValue, YamlNode } from './node.ts';
import { type Problems, quoted } from './problem.ts';

/** A value of a detection item, with its place. */
export interface ItemValue {
  readonly value: ScalarValue;
  readonly offset: number;
}

/** `field|modifier|...: values` as written. */
export interface DetectionItem {
  readonly kind: 'item';
  /** undefined: keywords. */
  readonly field: string | undefined;
  readonly modifiers: readonly string[];
  readonly values: readonly ItemValue[];
  readonly offset: number;
  /** Ids of the pipeline items that changed it. */
  readonly applied?: readonly string[];
}

/** A map (all must hold) or a list (one must hold) of a detection section. */
export interface DetectionGroup {
  readonly kind: 'all' | 'any';
  readonly of: readonly Detection[];
}
export type Detection = DetectionItem | DetectionGroup;

/** Values of one rule. */
export const MAX_VALUES = 200_000;
const MAX_DEPTH = 32;
/** Longest single value, in characters. */
const MAX_VALUE = 65_536;

/** Reads one detection; undefined, with the problem reported, when it says nothing or something impossible. */
export function parseDetection(node: YamlNode, problems: Problems): Detection | undefined {
  const context = { problems, values: 0 };
  const detection = readDetection(node, context, 0);
  return problems.failed ? undefined : detection;
}

interface Context {
  readonly problems: Problems;
  values: number;
}

function readDetection(node: YamlNode, context: Context, depth: number): Detection | undefined {
  const { problems } = context;
  if (depth > MAX_DEPTH) {
    problems.error('yaml-limit', node.offset, `detections are nested deeper than ${MAX_DEPTH} levels`);
    return undefined;
  }
  if (node.kind === 'map') return readMap(node, context);
  if (node.kind === 'scalar') return readItem({ key: '', keyOffset: node.offset, value: node }, context);
  if (node.items.length === 0) {
    problems.error(
      'detection-empty',
      node.offset,
      'an empty list matches nothing; give it values or remove it',
    );
    return undefined;
  }
  if (node.items.every((item) => item.kind === 'scalar'))
    return readItem({ key: '', keyOffset: node.offset, value: node }, context);
  const of = node.items.flatMap((item) => readDetection(item, context, depth + 1) ?? []);
  return { kind: 'any', of };
}

type MapNode = Extract<YamlNode, { kind: 'map' }>;

function readMap(node: MapNode, context: Context): Detection | undefined {
  if (node.entries.length === 0) {
    context.problems.error('detection-empty', node.offset, 'an empty mapping matches nothing');
    return undefined;
  }
  return { kind: 'all', of: node.entries.flatMap((entry) => readItem(entry, context) ?? []) };
}

function readItem(entry: MapNode['entries'][number], context: Context): DetectionItem | undefined {
  const { problems } = context;
  const [field = '', ...modifiers] = entry.key.split('|').map((part) => part.trim());
  const nodes = entry.value.kind === 'seq' ? entry.value.items : [entry.value];
  context.values += nodes.length;
  if (context.values > MAX_VALUES) {
    problems.error('value-limit', entry.keyOffset, `more than ${MAX_VALUES} values in one detection`);
    return undefined;
  }
  const values: ItemValue[] = [];
  for (const node of nodes) {
    if (node.kind !== 'scalar') {
      const what = node.kind === 'map' ? 'a mapping' : 'a list';
      problems.error('detection-value', node.offset, `${what} cannot be a value of ${quoted(entry.key)}`);
      return undefined;
    }
    if (typeof node.value === 'string' && node.value.length > MAX_VALUE) {
      problems.error('value-limit', node.offset, `the value is longer than ${MAX_VALUE} characters`);
      return undefined;
    }
    values.push({ value: node.value, offset: node.offset });
  }
  // An empty list of values asks for the absence of the field.
  if (values.length === 0) values.push({ value: null, offset: entry.value.offset });
  return {
    kind: 'item',
    field: field === '' ? undefined : field,
    modifiers,
    values,
    offset: entry.keyOffset,
  };
}

/** Every item of a detection, in order. */
export function itemsOf(detection: Detection): readonly DetectionItem[] {
  return detection.kind === 'item' ? [detection] : detection.of.flatMap(itemsOf);
}

/** The detection with each item replaced; an item that becomes nothing disappears, and its group with its last one. */
export function mapItems(detection: Detection, change: (item: DetectionItem) => Detection): Detection;
export function mapItems(
  detection: Detection,
  change: (item: DetectionItem) => Detection | undefined,
): Detection | undefined;
export function mapItems(
  detection: Detection,
  change: (item: DetectionItem) => Detection | undefined,
): Detection | undefined {
  if (detection.kind === 'item') return change(detection);
  const of = detection.of.flatMap((part) => mapItems(part, change) ?? []);
  return of.length === 0 ? undefined : { kind: detection.kind, of };
}
