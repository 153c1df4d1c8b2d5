/** The path of a request target, without query and fragment; undefined for `*`, an authority, or no target. */
export function pathOf(target: string | undefined): string | undefined {
  if (target === undefined) return undefined;
  const start = target.startsWith('/') ? 0 : pathStart(target);
  if (start === undefined) return undefined;
  const query = target.indexOf('?', start);
  const fragment = target.indexOf('#', start);
  const end = query < 0 || (fragment >= 0 && fragment < query) ? fragment : query;
  const path = end < 0 ? target.slice(start) : target.slice(start, end);
  return path === '' ? '/' : path;
}

/** Where the path of a target in absolute form begins. */
function pathStart(target: string): number | undefined {
  const scheme = /^[a-z][a-z0-9+.-]{0,30}:\/\/[^/?#]*/i.exec(target);
  return scheme?.[0].length;
}
