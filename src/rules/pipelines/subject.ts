import type { CorrelationSource } from '../syntax/correlation.ts';
import { type Detection, type DetectionItem, mapItems } from '../syntax/detection.ts';
import type { ConditionText } from '../syntax/document.ts';
import type { Logsource } from '../syntax/logsource.ts';
import type { Metadata } from '../syntax/metadata.ts';
import type { ScalarValue } from '../syntax/node.ts';
import type { Problems } from '../syntax/problem.ts';

/** A document while pipelines change it. */
export interface Subject {
  readonly offset: number;
  readonly problems: Problems;
  meta: Metadata;
  /** Of the rule; of a correlation those of the rules that it is about. */
  logsources: readonly Logsource[];
  /** Empty in a correlation. */
  detections: ReadonlyMap<string, Detection>;
  conditions: readonly ConditionText[];
  /** Names of detections of which nothing is left. */
  dropped: readonly string[];
  correlation: CorrelationSource | undefined;
  /** Values that pipelines keep for their conditions. */
  readonly state: Map<string, ScalarValue>;
  /** Ids of the items that applied to the document, and to each name of a field. */
  readonly applied: Set<string>;
  readonly appliedToField: Map<string, Set<string>>;
  /** Names that a mapping made. */
  readonly mapped: Set<string>;
  /** Variables of all pipelines, for placeholders. */
  readonly vars: ReadonlyMap<string, readonly string[]>;
}

/** What of a document a transformation is for. */
export interface Scope {
  /** Of the pipeline's item. */
  readonly id: string | undefined;
  item(item: DetectionItem, subject: Subject): boolean;
  field(name: string | undefined, subject: Subject): boolean;
}

/** One step of a pipeline, ready to be applied to documents whose conditions hold. */
export type Transformation = (subject: Subject, scope: Scope) => void;

/** Replaces what is in scope; undefined keeps an item as it is, null drops it. */
export function changeItems(
  subject: Subject,
  scope: Scope,
  change: (item: DetectionItem) => Detection | null | undefined,
): void {
  const dropped: string[] = [];
  const changed = new Map<string, Detection>();
  for (const [name, detection] of subject.detections) {
    const next = mapItems(detection, (item) => {
      const made = scope.item(item, subject) ? change(item) : undefined;
      return made === null ? undefined : made === undefined ? item : marked(made, scope.id);
    });
    if (next === undefined) dropped.push(name);
    else changed.set(name, next);
  }
  subject.detections = changed;
  subject.dropped = [...subject.dropped, ...dropped];
}

/** Later conditions can ask which items of pipelines made an item what it is. */
function marked(detection: Detection, id: string | undefined): Detection {
  if (id === undefined) return detection;
  return mapItems(detection, (item) => ({ ...item, applied: [...(item.applied ?? []), id] }));
}

/** The places of a detection that a pipeline brings are those of the document. */
export function placedAt(detection: Detection, offset: number): Detection {
  return mapItems(detection, (item) => ({
    ...item,
    offset,
    values: item.values.map(({ value }) => ({ value, offset })),
  }));
}
