import { ATTR } from '../../model/attributes.ts';
import type { JudgedEvent } from '../../model/detector.ts';
import type { PacketEvent } from '../../model/event.ts';
import type { Finding } from '../../model/finding.ts';
import { conversationFields } from './conversation-fields.ts';
import type { EventClass, FieldSpec } from './event-class.ts';
import type { ClassPorts } from './ports.ts';

/** What a detector said of an event, together with the event. */
export interface FindingEvent {
  readonly event: JudgedEvent | PacketEvent;
  readonly finding: Finding;
}

/** Findings of detectors: rules and correlations may build on them. */
export function findingClass(ports: ClassPorts): EventClass<FindingEvent> {
  const of = (name: string, read: (finding: Finding) => string): FieldSpec<FindingEvent> => ({
    names: [name],
    read: ({ finding }) => read(finding),
    spread: 'few',
  });
  return {
    name: 'finding',
    profiles: [{ product: 'telegen', category: 'finding', service: 'finding' }],
    fields: [
      of(ATTR.detector, ({ detector }) => detector),
      of(ATTR.reasons, ({ reason }) => reason),
      of(ATTR.eventType, ({ eventType }) => eventType),
      of('severity', ({ severity }) => severity),
      of('body', ({ body }) => body),
      ...conversationFields<JudgedEvent>(ports).map(ofEvent),
    ],
  };
}

/** A field of the conversation that the finding is about; packets that are no conversation have none. */
function ofEvent({ read, address, ...rest }: FieldSpec<JudgedEvent>): FieldSpec<FindingEvent> {
  const of = <T>(ask: (event: JudgedEvent) => T) => {
    return ({ event }: FindingEvent): T | undefined => ('remote' in event ? ask(event) : undefined);
  };
  const own = { ...rest, read: of(read) };
  return address === undefined ? own : { ...own, address: of(address) };
}
