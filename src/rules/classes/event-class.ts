import type { IpAddress } from '../../model/ip-address.ts';
import type { FieldValue } from '../match/value.ts';
import type { Logsource } from '../syntax/logsource.ts';

/** One thing that events of a class carry, under all the names that rules have for it. */
export interface FieldSpec<E> {
  readonly names: readonly string[];
  /** The value; undefined when this event has none. */
  readonly read: (event: E) => FieldValue;
  /** For a field that holds one address: rules' spellings of addresses are made canonical. */
  readonly address?: (event: E) => IpAddress | undefined;
  /** `few`: the same handful of values in nearly all events. `unique`: hardly ever the same one twice. Default: many. */
  readonly spread?: 'few' | 'unique';
  /** Whether keywords look here; default true. */
  readonly keywords?: false;
}

/** Events that rules can be about: what they are called as a log source, and their fields. */
export interface EventClass<E> {
  readonly name: string;
  /** A rule belongs here when its log source is contained in one of these. */
  readonly profiles: readonly Logsource[];
  readonly fields: readonly FieldSpec<E>[];
}
