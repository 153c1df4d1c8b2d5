/** `semantic_conventions`. */
export type Naming = 'telegen' | 'otel' | 'both';

/** Which names to use where the two differ. */
export interface NamingSet {
  /** The names of telegen's specification. */
  readonly telegen: boolean;
  /** Those of OpenTelemetry's semantic conventions. */
  readonly otel: boolean;
}

export const namingSet = (naming: Naming): NamingSet => ({
  telegen: naming !== 'otel',
  otel: naming !== 'telegen',
});
