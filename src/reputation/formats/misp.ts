import type { EntryFacts, ListDirection } from '../../model/lookup.ts';
import type { FormatReader, ListSink } from './format.ts';
import {
  asArray,
  asText,
  createLineFinder,
  isObject,
  type Json,
  type JsonObject,
  jsonProblem,
  known,
  parseJson,
} from './json.ts';
import { parseTime, parseWhole } from './lines.ts';

/** Attribute types that are matched, with the direction that they accuse. */
const TYPES: Readonly<Record<string, ListDirection | 'both'>> = {
  'ip-dst': 'outbound',
  'ip-src': 'inbound',
  'ip-dst|port': 'outbound',
  'ip-src|port': 'inbound',
  domain: 'both',
  hostname: 'both',
  'domain|ip': 'both',
  'hostname|port': 'both',
};
const MAX_DEPTH = 16;

/** MISP events and attributes, as exported in JSON or served as feed. */
export const readMisp: FormatReader = (text, sink) => {
  const root = parseJson(text);
  if (root === undefined || root === null) return sink.invalid(1, text, jsonProblem(text));
  const lineOf = createLineFinder(text);
  for (const { attribute, event } of attributesOf(root, undefined, 0)) {
    const value = asText(attribute.value) ?? '';
    readAttribute({ attribute, event, value, line: lineOf(asText(attribute.uuid) ?? value), sink });
  }
};

interface Found {
  readonly attribute: JsonObject;
  readonly event: JsonObject | undefined;
}

/** Attributes stand in events, in objects of events, or alone in a response, singly or in lists. */
function* attributesOf(
  value: Json | undefined,
  event: JsonObject | undefined,
  depth: number,
): Generator<Found> {
  if (depth > MAX_DEPTH) return;
  for (const each of Array.isArray(value) ? value : [value]) {
    if (Array.isArray(each)) yield* attributesOf(each, event, depth + 1);
    if (!isObject(each)) continue;
    const inside = isObject(each.Event) ? each.Event : event;
    for (const attribute of asArray(each.Attribute))
      if (isObject(attribute)) yield { attribute, event: inside };
    for (const key of ['response', 'Event', 'Object']) yield* attributesOf(each[key], inside, depth + 1);
  }
}

interface Attribute extends Found {
  readonly value: string;
  readonly line: number;
  readonly sink: ListSink;
}

function readAttribute({ attribute, event, value, line, sink }: Attribute) {
  const type = asText(attribute.type) ?? '';
  const direction = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (value === '') return sink.invalid(line, type, 'an attribute without a value');
  if (direction === undefined) return sink.ignored(line, value, `attributes of type ${type} are not matched`);
  if (attribute.to_ids === false || attribute.deleted === true)
    return sink.ignored(
      line,
      value,
      attribute.deleted === true ? 'deleted' : 'not meant for detection (to_ids)',
    );
  const [first = '', second = ''] = value.split('|');
  const port = parseWhole(second, 1, 65_535);
  if (type.endsWith('|port') && port === undefined)
    return sink.invalid(line, value, 'the port is not a number from 1 to 65535');
  const facts = { ...factsOf(attribute, event), ...(type.endsWith('|port') ? known({ port }) : {}) };
  if (direction === 'both') sink.name(line, first, facts);
  else sink.network(line, first, { ...facts, direction });
}

function factsOf(attribute: JsonObject, event: JsonObject | undefined): EntryFacts {
  return known({
    category: asText(attribute.comment) ?? asText(event?.info) ?? asText(attribute.category),
    firstSeenMs: parseTime(asText(attribute.first_seen)),
    reference: asText(event?.uuid) ?? asText(attribute.event_id),
  });
}
