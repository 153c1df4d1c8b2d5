import { ATTR } from '../../model/attributes.ts';
import type { ProcessEvent } from '../../model/event.ts';
import type { EventClass, FieldSpec } from './event-class.ts';
import type { ClassPorts } from './ports.ts';
import { actorFields } from './process-fields.ts';

/** A program that begins. */
export function processClass(ports: ClassPorts): EventClass<ProcessEvent> {
  return {
    name: 'process',
    profiles: [
      { category: 'process_creation', product: 'linux' },
      { product: 'telegen', category: 'process', service: 'process' },
    ],
    fields: [...actorFields<ProcessEvent>(ports).map(withArguments), ...SESSION],
  };
}

/** Of the exec record alone. */
const SESSION: readonly FieldSpec<ProcessEvent>[] = [
  {
    names: ['CurrentDirectory', ATTR.processWorkingDirectory],
    read: ({ workingDirectory }) => workingDirectory,
  },
  // What Windows calls a logon, Linux' audit calls the user of the session.
  { names: ['LogonId', ATTR.processLoginUid], read: ({ loginUid }) => loginUid, keywords: false },
];

/** Rules see arguments as they are; what leaves telegen is masked. */
function withArguments(spec: FieldSpec<ProcessEvent>): FieldSpec<ProcessEvent> {
  if (!spec.names.includes('CommandLine')) return spec;
  return { ...spec, read: ({ args, process }) => args?.join(' ') ?? process?.commandLine };
}
