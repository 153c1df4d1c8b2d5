import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export type ReceivedValue = string | number | boolean | ReceivedValue[] | { [key: string]: ReceivedValue };

// The shapes that proto-loader makes of the .proto files with the options below.
export interface RawValue {
  value?:
    | 'stringValue'
    | 'boolValue'
    | 'intValue'
    | 'doubleValue'
    | 'arrayValue'
    | 'kvlistValue'
    | 'bytesValue';
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values: RawValue[] };
  kvlistValue?: { values: RawKeyValue[] };
  bytesValue?: Buffer;
}
export interface RawKeyValue {
  key: string;
  value: RawValue | null;
}
export function unpack(raw: RawValue | null): ReceivedValue | undefined {
  switch (raw?.value) {
    case 'stringValue':
      return raw.stringValue ?? '';
    case 'boolValue':
      return raw.boolValue ?? false;
    case 'intValue':
      return Number(raw.intValue);
    case 'doubleValue':
      return raw.doubleValue ?? 0;
    case 'arrayValue':
      return (raw.arrayValue?.values ?? []).map((value) => unpack(value) ?? '');
    case 'kvlistValue':
      return unpackAll(raw.kvlistValue?.values ?? []);
    case 'bytesValue':
      return raw.bytesValue?.toString('hex') ?? '';
    default:
      return undefined;
  }
}

export function unpackAll(pairs: readonly RawKeyValue[]): Record<string, ReceivedValue> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, unpack(value) ?? '']));
}

/** The service of this name out of a file beside this one. */
export function loadService(file: string, name: string): ServiceDefinition {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const loaded = loadPackageDefinition(loadSync(path, { longs: String, defaults: true, oneofs: true }));
  let node: unknown = loaded;
  for (const part of name.split('.')) node = (node as Record<string, unknown>)[part];
  return (node as { service: ServiceDefinition }).service;
}
