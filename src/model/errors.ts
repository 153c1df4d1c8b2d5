/** Exit codes of the command line (sysexits are not used; see docs/errors.md). `brokenPipe`: as a shell tells SIGPIPE. */
export const EXIT = { ok: 0, failure: 1, usage: 2, host: 3, brokenPipe: 141 } as const;

/** All error codes with the exit code each leads to. docs/errors.md lists exactly these. */
export const ERROR_CODES = {
  TELEGEN_CONFIG: EXIT.usage,
  TELEGEN_BLOCKLIST: EXIT.usage,
  TELEGEN_RULES: EXIT.usage,
  TELEGEN_REPUTATION: EXIT.failure,
  TELEGEN_CAPTURE: EXIT.usage,
  TELEGEN_ADDON: EXIT.host,
  TELEGEN_HOST: EXIT.host,
  TELEGEN_KERNEL: EXIT.host,
  TELEGEN_CGROUP: EXIT.host,
  TELEGEN_EXPORT: EXIT.usage,
  TELEGEN_AGENT: EXIT.failure,
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** Every error that telegen reports on purpose: what happened, where, and what to do about it. */
export class TelegenError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TelegenError';
    this.code = code;
  }
}
