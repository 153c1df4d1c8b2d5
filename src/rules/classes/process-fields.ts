import { ATTR } from '../../model/attributes.ts';
import type { Owner, Process, Workload } from '../../model/process.ts';
import type { FieldSpec } from './event-class.ts';
import type { ClassPorts } from './ports.ts';
import { workloadFields } from './workload-fields.ts';

/** Events that a process is behind. */
export interface Acted {
  readonly owner: Owner | undefined;
  readonly process?: Process | undefined;
  readonly workload?: Workload | undefined;
}

type Fields<E> = readonly FieldSpec<E>[];

/** Process, user and workload of an event. */
export function actorFields<E extends Acted>({ computer }: ClassPorts): Fields<E> {
  return [
    ...programFields<E>(),
    ...parentFields<E>(),
    ...userFields<E>(),
    ...workloadFields<E>(),
    { names: ['Computer', 'host.name'], read: () => computer, spread: 'few', keywords: false },
  ];
}

function programFields<E extends Acted>(): Fields<E> {
  return [
    {
      names: ['Image', 'process.executable', ATTR.processPath],
      read: ({ process }) => process?.executablePath,
    },
    { names: ['CommandLine', ATTR.processCommandLine], read: ({ process }) => process?.commandLine },
    {
      names: ['ProcessName', ATTR.processName, 'process.name'],
      read: ({ process, owner }) => process?.name ?? owner?.comm,
    },
    { names: ['ProcessId', ATTR.processPid], read: ({ owner }) => owner?.pid, keywords: false },
  ];
}

function parentFields<E extends Acted>(): Fields<E> {
  return [
    { names: ['ParentImage', 'process.parent.executable'], read: ({ process }) => process?.ancestors[0] },
    {
      names: ['ParentCommandLine', 'process.parent.command_line'],
      read: ({ process }) => process?.parentCommandLine,
    },
    {
      names: ['ParentProcessId', ATTR.processParentPid, 'process.parent.pid'],
      read: ({ process, owner }) => process?.parentPid ?? owner?.parentPid,
      keywords: false,
    },
    { names: [ATTR.processAncestors], read: ({ process }) => process?.ancestors, keywords: false },
  ];
}

function userFields<E extends Acted>(): Fields<E> {
  return [
    {
      names: ['User', 'user.name', ATTR.processUserName],
      read: ({ process, owner }) =>
        process?.userName ?? (owner === undefined ? undefined : String(owner.uid)),
    },
    { names: ['user.id', ATTR.processUserId], read: ({ owner }) => owner?.uid, keywords: false },
  ];
}
