import { grpcStatusName } from '../../net/grpc-status.ts';

/** What the server got wrong, as opposed to what it was asked wrongly (OpenTelemetry's conventions). */
const SERVER_ERRORS = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

/** Whether a call with this status counts as an error of the server; one without a status does. */
export const isServerError = (code: number | undefined): boolean =>
  code === undefined || SERVER_ERRORS.has(grpcStatusName(code));
