import { TelegenError } from '../../model/errors.ts';

/** The source named on the command line cannot be opened or is no capture: wrong usage, exit code 2. */
export function captureError(message: string, cause?: unknown): TelegenError {
  return new TelegenError('TELEGEN_CAPTURE', message, { cause });
}
