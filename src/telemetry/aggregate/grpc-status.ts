/** gRPC status codes by number (google.rpc.Code). */
const NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** What the server got wrong, as opposed to what it was asked wrongly (OpenTelemetry's conventions). */
const SERVER_ERRORS = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

/** `OK`, `NOT_FOUND`; numbers that nobody defined stay numbers. */
export const grpcStatusName = (code: number): string => NAMES[code] ?? String(code);

/** Whether a call with this status counts as an error of the server; one without a status does. */
export const isServerError = (code: number | undefined): boolean =>
  code === undefined || SERVER_ERRORS.has(grpcStatusName(code));
