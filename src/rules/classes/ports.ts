import type { ConversationFacts } from '../../model/conversation.ts';

/** What event classes may ask of the rest of telegen. */
export interface ClassPorts {
  /** Names of the blocklists that hold the far end. */
  readonly listsOf: (event: ConversationFacts) => readonly string[] | undefined;
  /** Name of this host; undefined in a replay. */
  readonly computer: string | undefined;
}

export const NO_PORTS: ClassPorts = {
  listsOf: () => undefined,
  computer: undefined,
};
