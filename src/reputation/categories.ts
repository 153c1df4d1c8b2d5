import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Opening a named pipe without a writer would wait for ever. */
const AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/** Suricata keeps the names of categories beside its lists: the text of that file, undefined when there is none. */
export async function categoriesBeside(listFile: string): Promise<string | undefined> {
  const path = join(dirname(listFile), 'categories.txt');
  return readFile(path, { encoding: 'utf8', flag: AT_ONCE }).catch(() => undefined);
}
