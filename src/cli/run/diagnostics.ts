/** Diagnostics go to stderr, one line each, so that stdout carries data alone. */
export interface Diagnostics {
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
  readonly error: (message: string) => void;
}

export function createDiagnostics(stream: { write(text: string): unknown } = process.stderr): Diagnostics {
  const line = (level: string) => (message: string) => {
    stream.write(`telegen: ${level}${message}\n`);
  };
  return { info: line(''), warn: line('WARNING: '), error: line('ERROR: ') };
}
