import type { FormatReader } from './format.ts';
import { asArray, asText, createLineFinder, isObject, jsonProblem, known, parseJson } from './json.ts';

/** Types whose elements are networks or names; the others are substrings and patterns. */
const MATCHED = new Set(['cidr', 'hostname', 'string']);

/** A MISP warning list: networks or names that are harmless or too common to accuse anybody. */
export const readMispWarninglist: FormatReader = (text, sink) => {
  const root = parseJson(text);
  if (!isObject(root)) return sink.invalid(1, text, jsonProblem(text));
  const type = asText(root.type) ?? 'string';
  const facts = known({ category: asText(root.name) });
  const lineOf = createLineFinder(text);
  for (const element of asArray(root.list)) {
    const value = asText(element);
    if (value === undefined) sink.invalid(lineOf(''), JSON.stringify(element), 'not a text');
    else if (!MATCHED.has(type))
      sink.ignored(lineOf(value), value, `elements of type ${type} are not matched`);
    else sink.either(lineOf(value), value.replace(/^\./, ''), facts);
  }
};
