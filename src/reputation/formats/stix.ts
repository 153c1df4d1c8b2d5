import type { EntryFacts } from '../../model/lookup.ts';
import type { FormatReader, ListSink } from './format.ts';
import {
  asArray,
  asConfidence,
  asText,
  createLineFinder,
  isObject,
  type JsonObject,
  jsonProblem,
  known,
  parseJson,
} from './json.ts';
import { parseTime } from './lines.ts';
import { parseStixPattern } from './stix-pattern.ts';

/** STIX 2.0 and 2.1 bundles: indicators whose pattern compares addresses or domain names. */
export const readStix: FormatReader = (text, sink) => {
  const bundle = parseJson(text);
  if (!isObject(bundle)) return sink.invalid(1, text, jsonProblem(text));
  const lineOf = createLineFinder(text);
  for (const object of asArray(bundle.objects)) {
    if (!isObject(object) || object.type !== 'indicator') continue;
    const id = asText(object.id) ?? '';
    readIndicator({ object, id, line: lineOf(id), sink });
  }
};

interface Indicator {
  readonly object: JsonObject;
  readonly id: string;
  readonly line: number;
  readonly sink: ListSink;
}

function readIndicator({ object, id, line, sink }: Indicator) {
  const text = asText(object.pattern);
  if (text === undefined) return sink.invalid(line, id, 'an indicator without a pattern');
  const type = asText(object.pattern_type) ?? 'stix';
  if (type !== 'stix') return sink.ignored(line, text, `patterns of type ${type} are not matched`);
  if (object.revoked === true) return sink.ignored(line, text, 'revoked');
  const pattern = parseStixPattern(text);
  if (!pattern.ok) return sink.ignored(line, text, pattern.reason);
  const facts = factsOf(object, id);
  for (const { kind, value } of pattern.indicators) sink[kind](line, value, facts);
}

function factsOf(object: JsonObject, id: string): EntryFacts {
  const [reference] = asArray(object.external_references).filter(isObject);
  const [type] = [...asArray(object.indicator_types), ...asArray(object.labels)];
  return known({
    category: asText(type) ?? asText(object.name),
    confidence: asConfidence(object.confidence),
    firstSeenMs: parseTime(asText(object.valid_from)),
    expiresMs: parseTime(asText(object.valid_until)),
    reference: asText(reference?.url) ?? asText(reference?.external_id) ?? (id || undefined),
  });
}
