import { loadAddon } from '../../capture/addon.ts';

/** Behind a collection that goes on in the background. */
const TRIM_MS = 1_000;

/**
 * What a start or a long list leaves behind is megabytes that a quiet host would otherwise keep for hours: garbage, and what malloc
 * keeps for threads that need it no more. At once, with all that V8 can do; or soon, while the event loop has other work.
 */
export function clearUp(when: 'now' | 'soon'): void {
  if (when === 'now') {
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    loadAddon().trimMemory();
    return;
  }
  void globalThis.gc?.({ type: 'major', execution: 'async' });
  setTimeout(() => loadAddon().trimMemory(), TRIM_MS).unref();
}
