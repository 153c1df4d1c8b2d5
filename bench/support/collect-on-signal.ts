/** Loaded into a telegen that is measured (NODE_OPTIONS): SIGUSR2 collects garbage, so that what is left is what is kept. */
process.on('SIGUSR2', () => globalThis.gc?.());
