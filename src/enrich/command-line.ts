import { Buffer } from 'node:buffer';
import { maskArgs } from '../net/secrets.ts';

/** Longest command line that is kept, in bytes of UTF-8. */
export const MAX_COMMAND_LINE_BYTES = 4096;

/** Arguments as one line, secrets masked, cut at 4 KiB; undefined when there are none. */
export function commandLineOf(args: readonly string[] | undefined): string | undefined {
  return args === undefined ? undefined : joinMasked(maskArgs(args));
}

/** As `commandLineOf`, for arguments that are masked already. */
export function joinMasked(args: readonly string[]): string | undefined {
  const line = args.join(' ');
  if (line === '') return undefined;
  if (line.length <= MAX_COMMAND_LINE_BYTES / 4) return line;
  return cutUtf8(line, MAX_COMMAND_LINE_BYTES);
}

/** Cuts between characters. Goes through bytes also because a slice would keep the whole text alive. */
function cutUtf8(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  // 10xxxxxx: inside a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
