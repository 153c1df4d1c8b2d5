import { TelegenError } from '../../model/errors.ts';

/** gRPC metadata keys; `-bin` values would be binary, and `grpc-` is reserved. */
const NAME = /^[0-9a-z_.-]+$/;
const VALUE = /^[\x20-\x7e]*$/;

function fail(source: string, problem: string): never {
  // Values are never quoted: they are credentials as a rule.
  throw new TelegenError('TELEGEN_EXPORT', `${source}: ${problem}`);
}

/** Checks names and values for gRPC and lower-cases the names. `source` is named in the error. */
export function validHeaders(
  headers: Readonly<Record<string, string>>,
  source: string,
): Record<string, string> {
  const valid: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const key = name.trim().toLowerCase();
    if (!NAME.test(key))
      fail(source, `"${name}" is not a header name; use letters, digits, "-", "_" and "."`);
    if (key.startsWith('grpc-') || key.endsWith('-bin')) fail(source, `header "${name}" is reserved by gRPC`);
    if (!VALUE.test(value))
      fail(source, `the value of header "${name}" has characters outside printable ASCII`);
    valid[key] = value.trim();
  }
  return valid;
}

function decode(text: string, source: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return fail(source, 'a value is not correctly percent-encoded; write "%" as %25');
  }
}

/** Parses `name=value,name2=value2` with percent-encoding, as in OTEL_EXPORTER_OTLP_HEADERS. */
export function parseKeyValueList(text: string | undefined, source: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const [index, part] of (text ?? '').split(',').entries()) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    if (equals <= 0) fail(source, `item ${index + 1} is not of the form name=value`);
    pairs[decode(part.slice(0, equals), source)] = decode(part.slice(equals + 1), source);
  }
  return pairs;
}

/** parseKeyValueList with the checks of validHeaders. */
export function parseHeaderList(text: string | undefined, source: string): Record<string, string> {
  return validHeaders(parseKeyValueList(text, source), source);
}
