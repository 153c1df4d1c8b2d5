import type { ProcessEvent } from '../model/event.ts';
import { plainPath } from '../net/program-path.ts';
import {
  AT_EXEC_DETAIL_ARGS,
  AT_EXEC_DETAIL_ARGS_SIZE,
  AT_EXEC_DETAIL_CWD,
  AT_EXEC_DETAIL_CWD_SIZE,
  AT_EXEC_DETAIL_LOGIN_UID,
  AT_EXEC_DETAIL_PATH,
  AT_EXEC_DETAIL_PATH_SIZE,
  AT_EXEC_FILENAME,
  AT_EXEC_OWNER,
  AT_EXIT_OWNER,
  SIZE_EXEC_DETAIL,
} from './layout.gen.ts';
import { type RecordView, readList, readOwner, readText } from './record-view.ts';

const FILENAME_LIMIT = 256;
const LOGIN_UNSET = 0xffff_ffff;

export function decodeExit(view: RecordView, at: number, timeMs: number): ProcessEvent {
  return { kind: 'process', action: 'exit', timeMs, owner: knownOwner(view, at + AT_EXIT_OWNER) };
}

/** `detailed` is what the object with BTF tells. */
export function decodeExec(view: RecordView, at: number, detailed: boolean, timeMs: number): ProcessEvent {
  const details = detailed ? detailsOf(view, at) : {};
  const name = filenameOf(view, at + AT_EXEC_FILENAME);
  // Whoever runs a program chooses the name, and must not choose the path with it.
  const isSure = detailed ? details.executablePath !== undefined : plainPath(name) !== undefined;
  const filename = isSure || (!detailed && !name.startsWith('/')) ? name : '';
  return {
    kind: 'process',
    action: 'exec',
    timeMs,
    owner: knownOwner(view, at + AT_EXEC_OWNER),
    ...(filename === '' ? {} : { filename }),
    ...details,
  };
}

/** Empty when the field is full: the name was cut, and would be that of another file. */
function filenameOf(view: RecordView, at: number): string {
  const isWhole = view.u8.subarray(at, at + FILENAME_LIMIT - 1).includes(0);
  return isWhole ? readText(view, at, FILENAME_LIMIT) : '';
}

type Details = Pick<ProcessEvent, 'executablePath' | 'args' | 'workingDirectory' | 'loginUid'>;

function detailsOf(view: RecordView, at: number): Details {
  const word = (offset: number): number => view.u32[(at + offset) >>> 2] as number;
  const list = (offset: number, room: number, used: number): string[] =>
    readList(view, at + offset, { used, room });
  const pathRoom = AT_EXEC_DETAIL_ARGS - AT_EXEC_DETAIL_PATH;
  const names = list(AT_EXEC_DETAIL_PATH, pathRoom, word(AT_EXEC_DETAIL_PATH_SIZE));
  const argsRoom = AT_EXEC_DETAIL_CWD - AT_EXEC_DETAIL_ARGS;
  const args = list(AT_EXEC_DETAIL_ARGS, argsRoom, word(AT_EXEC_DETAIL_ARGS_SIZE));
  const cwdSize = word(AT_EXEC_DETAIL_CWD_SIZE);
  const cwd = list(AT_EXEC_DETAIL_CWD, SIZE_EXEC_DETAIL - AT_EXEC_DETAIL_CWD, Math.max(0, cwdSize - 1));
  const login = word(AT_EXEC_DETAIL_LOGIN_UID);
  return {
    ...(names.length > 0 ? { executablePath: pathOf(names) } : {}),
    ...(args.length > 0 ? { args } : {}),
    ...(cwdSize > 0 ? { workingDirectory: pathOf(cwd) } : {}),
    ...(login === LOGIN_UNSET ? {} : { loginUid: login }),
  };
}

/** The names come from the file upwards. */
const pathOf = (names: string[]): string => `/${names.reverse().join('/')}`;

function knownOwner(view: RecordView, at: number): ProcessEvent['owner'] {
  return (
    readOwner(view, at) ?? { pid: 0, parentPid: 0, uid: 0, startNs: 0, execId: 0, comm: '', cgroupId: 0 }
  );
}
