import type { EntryFacts } from '../../model/lookup.ts';

/**
 * Takes what a format's reader finds; each call accounts for one item of the file, so that nothing is lost in
 * silence. Texts may be of any length and content.
 */
export interface ListSink {
  /** An address, CIDR or range. */
  network(line: number, text: string, facts?: EntryFacts): void;
  /** A host name; it stands for itself and all names below it. */
  name(line: number, text: string, facts?: EntryFacts): void;
  /** A network if it reads as one, else a host name. */
  either(line: number, text: string, facts?: EntryFacts): void;
  /** Not what the format allows. */
  invalid(line: number, text: string, reason: string): void;
  /** Well formed, but nothing that should match. */
  ignored(line: number, text: string, reason: string): void;
  /** How many entries the file itself says it has. */
  declared(entries: number): void;
}

export interface FormatContext {
  /** Names of the categories by number, for formats that only give numbers. */
  readonly categories?: ReadonlyMap<number, string>;
}

/** Reads the whole text of a file of this format. Never throws, whatever the text. */
export type FormatReader = (text: string, sink: ListSink, context: FormatContext) => void;
