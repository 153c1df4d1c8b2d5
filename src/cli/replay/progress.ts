/** Shows on a terminal how far a long file has been read. */
export interface Progress {
  update(): void;
  done(): void;
}

const BAR_WIDTH = 30;
const INTERVAL_MS = 100;

/** Silent unless stderr is a terminal and the size is known. */
export function createProgress(name: string, bytesRead: () => number, size: number | undefined): Progress {
  const { stderr } = process;
  if (stderr.isTTY !== true || size === undefined || size === 0) return { update: () => {}, done: () => {} };
  let drawnMs = 0;
  return {
    update() {
      const now = performance.now();
      if (now - drawnMs < INTERVAL_MS) return;
      drawnMs = now;
      const share = Math.min(1, bytesRead() / size);
      const bar = '#'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
      stderr.write(`\r${name} [${bar}] ${Math.floor(share * 100)} %`);
    },
    done() {
      stderr.write('\r\u001b[K');
    },
  };
}
