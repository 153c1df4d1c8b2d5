/**
 * Loaded into a telegen that is measured (NODE_OPTIONS): SIGUSR2 does at once what telegen does by itself when a burst is over
 * (src/cli/run/tidier.ts), so that what is left is what is kept.
 */
process.on('SIGUSR2', () => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }));
