import type { IpAddress } from '../../model/ip-address.ts';

/** What event classes may ask about addresses. */
export interface ClassPorts {
  /** Names that were resolved to the address. */
  readonly namesOf: (ip: IpAddress) => readonly string[] | undefined;
  /** Names of the blocklists that hold the address. */
  readonly listsOf: (ip: IpAddress) => readonly string[] | undefined;
  /** Name of this host; undefined in a replay. */
  readonly computer: string | undefined;
}

export const NO_PORTS: ClassPorts = {
  namesOf: () => undefined,
  listsOf: () => undefined,
  computer: undefined,
};
