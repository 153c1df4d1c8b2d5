/** Settings of `packet-rate`, as `agent.network.security.packet_rate` has them. */
export interface PacketRateOptions {
  /** Nothing alerts before an interface has been watched for so long. */
  readonly warmUpMs: number;
  /** A rate must stand out for so long before it alerts. */
  readonly startAfterMs: number;
  /** And must have been ordinary for so long before it is over. */
  readonly endAfterMs: number;
  /** First update of an anomaly that goes on; each further one comes after twice the time. */
  readonly updateIntervalMs: number;
  /** An anomaly that lasts longer is what is usual from now on. */
  readonly acceptAfterMs: number;
  /** After this time half of what was learned is forgotten. */
  readonly halfLifeMs: number;
  /** Times the baseline. */
  readonly ratio: number;
  /** Spreads above the baseline. */
  readonly deviations: number;
  /** Rates below never alert, per second. */
  readonly floors: Readonly<Record<Signal, number>>;
}

/** Rates that are watched apart from each other, gravest first. */
export const SIGNALS = ['syn', 'udp', 'icmp', 'small', 'packets'] as const;
export type Signal = (typeof SIGNALS)[number];

/** Per second. */
export type Rates = Readonly<Record<Signal, number>>;
