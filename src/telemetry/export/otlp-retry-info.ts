/** Longest wait that a receiver can ask for: a mistake on its side must not silence us for a day. */
const MAX_RETRY_MS = 300_000;
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

interface Field {
  readonly number: number;
  /** Of wire type 0 the number, of type 2 the bytes. */
  readonly value: number | Uint8Array;
}

function readVarint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let scale = 1;
  // Ten bytes carry 64 bits; what is beyond 2^53 is no sensible delay.
  for (let next = at; next < bytes.length && next < at + 10; next += 1) {
    const byte = bytes[next] ?? 0;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return { value, next: next + 1 };
  }
  throw new RangeError('a number is cut off');
}

/** The fields of a protobuf message. Throws RangeError on anything malformed, or of a wire type that is not in use here. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  for (let at = 0; at < bytes.length; ) {
    const tag = readVarint(bytes, at);
    const { value, next } = readVarint(bytes, tag.next);
    const number = Math.floor(tag.value / 8);
    if (tag.value % 8 === 0) {
      yield { number, value };
      at = next;
    } else {
      if (tag.value % 8 !== 2 || next + value > bytes.length) throw new RangeError('not a message');
      yield { number, value: bytes.subarray(next, next + value) };
      at = next + value;
    }
  }
}

function bytesOf(message: Uint8Array, number: number): Uint8Array[] {
  return [...fieldsOf(message)].flatMap((field) =>
    field.number === number && typeof field.value === 'object' ? [field.value] : [],
  );
}

function numberOf(message: Uint8Array, number: number): number {
  const [found] = [...fieldsOf(message)].filter((field) => field.number === number);
  return typeof found?.value === 'number' ? found.value : 0;
}

/** google.rpc.Status: details (3) of Any: type_url (1), value (2); RetryInfo: retry_delay (1): seconds (1), nanos (2). */
function delayIn(status: Uint8Array): number | undefined {
  for (const detail of bytesOf(status, 3)) {
    const [typeUrl, value] = [bytesOf(detail, 1)[0], bytesOf(detail, 2)[0]];
    if (typeUrl === undefined || value === undefined || Buffer.from(typeUrl).toString() !== RETRY_INFO)
      continue;
    const [duration] = bytesOf(value, 1);
    if (duration !== undefined) return numberOf(duration, 1) * 1000 + numberOf(duration, 2) / 1e6;
  }
  return undefined;
}

function detailsOf(error: unknown): Uint8Array | undefined {
  if (typeof error !== 'object' || error === null || !('metadata' in error)) return undefined;
  const metadata = error.metadata as { get?: (key: string) => unknown[] } | undefined;
  const [details] = metadata?.get?.('grpc-status-details-bin') ?? [];
  return details instanceof Uint8Array ? details : undefined;
}

/** Milliseconds that the receiver asks to wait for (RetryInfo in the error's details), five minutes at most. */
export function retryAfterOf(error: unknown): number | undefined {
  const details = detailsOf(error);
  if (details === undefined) return undefined;
  try {
    const delayMs = delayIn(details);
    return delayMs === undefined ? undefined : Math.min(MAX_RETRY_MS, delayMs);
  } catch {
    return undefined;
  }
}
