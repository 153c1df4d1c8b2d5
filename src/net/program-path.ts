const MAX_PATH_CHARS = 4096;

/** The path; undefined unless absolute and of at most 4,096 characters. */
export function absolutePath(path: string | undefined): string | undefined {
  return path?.startsWith('/') && path.length <= MAX_PATH_CHARS ? path : undefined;
}

/** `/proc/self/exe`, `/dev/fd/3` and `/dev/stdin` only point at the file. */
const POINTER = /^\/(?:proc|dev\/fd)\/|^\/dev\/std(?:in|out|err)$/;
/** `/usr/bin/../../tmp/x` lies elsewhere than it seems; `/usr/./x` and `/usr//x` are spelt so that patterns miss them. */
const DETOUR = /\/\.{0,2}(?:\/|$)/;

/** A name passed to exec that is a path as a file system would tell it; undefined for any other. */
export function plainPath(filename: string | undefined): string | undefined {
  const path = absolutePath(filename);
  return path === undefined || POINTER.test(path) || DETOUR.test(path) ? undefined : path;
}
