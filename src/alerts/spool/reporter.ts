/** Where a spool tells of trouble with the disk; rate limited by whoever implements it. */
export interface SpoolReporter {
  problem(topic: string, message: string): void;
  recovered(message: () => string): void;
}
