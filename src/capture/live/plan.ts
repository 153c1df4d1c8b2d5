import type { ConnectionPhase } from '../../model/event.ts';
import { CONTENT } from '../layout.gen.ts';

/** Which program serves which feature, best first; the first that loads and attaches is used. */

export type ObjectName = 'core' | 'extra' | 'content';
/** `on-demand`: run by user space when it wants to know. */
export type AttachKind = 'cgroup' | 'trace' | 'iterator' | 'on-demand';

export interface Candidate {
  readonly object: ObjectName;
  readonly program: string;
  readonly attach: AttachKind;
}

export interface Feature {
  readonly name: string;
  /** What the user loses without it. */
  readonly purpose: string;
  /** Without a required feature telegen does not start. */
  readonly required: boolean;
  /** Only of use to reports of these phases (`closed`: to content, too); absent: always. */
  readonly phases?: readonly ConnectionPhase[];
  /** Only of use where counters of open connections are wanted. */
  readonly flows?: true;
  readonly candidates: readonly Candidate[];
}

function core(program: string, attach: AttachKind): Candidate {
  return { object: 'core', program, attach };
}

function extra(program: string, attach: AttachKind): Candidate {
  return { object: 'extra', program, attach };
}

function content(program: string): Candidate {
  return { object: 'content', program, attach: 'cgroup' };
}

/** What to look for in conversations. */
export const CONTENT_KINDS = ['dns', 'http', 'tls'] as const;
export type ContentKind = (typeof CONTENT_KINDS)[number];

/** Bits of `tg_content`. */
export function contentMask(kinds: readonly ContentKind[]): number {
  return kinds.reduce((mask, kind) => mask | CONTENT[kind.toUpperCase() as keyof typeof CONTENT], 0);
}

/** What is wanted of the kernel side. */
export interface Wants {
  readonly phases: readonly ConnectionPhase[];
  readonly content: readonly ContentKind[];
  /** Bytes of each HTTP body, from its beginning. */
  readonly bodyBytes: number;
  /** Counters of 1 in so many open connections; 0: of none. */
  readonly flowSampleRate: number;
}

/** The candidates of a feature that serve what is wanted; none when nothing of it is. */
export function candidatesFor({ phases, flows, candidates }: Feature, wants: Wants): readonly Candidate[] {
  if (flows === true && wants.flowSampleRate === 0) return [];
  const isOfUse =
    phases === undefined ||
    phases.some((phase) => wants.phases.includes(phase)) ||
    (phases.includes('closed') && wants.content.length > 0);
  if (!isOfUse) return [];
  return candidates.filter(({ object }) => object !== 'content' || wants.content.length > 0);
}

/** Watch processes first, then sockets: an owner must be known before its socket appears. */
export const PROCESS_FEATURES: readonly Feature[] = [
  {
    name: 'process-fork',
    purpose: 'owners of processes that fork without exec',
    required: false,
    candidates: [extra('tg_fork', 'trace'), core('tg_fork', 'trace')],
  },
  {
    name: 'process-exec',
    purpose: 'executable path and arguments of short-lived processes',
    required: false,
    candidates: [extra('tg_exec', 'trace'), core('tg_exec', 'trace')],
  },
  {
    name: 'process-exit',
    purpose: 'forgetting processes that ended',
    required: false,
    candidates: [extra('tg_exit', 'trace'), core('tg_exit', 'trace')],
  },
];

export const SEED_FEATURE: Feature = {
  name: 'seed-sockets',
  purpose: 'owners of sockets older than telegen',
  required: false,
  candidates: [extra('tg_seed_sockets', 'iterator')],
};

export const SOCKET_FEATURES: readonly Feature[] = [
  {
    name: 'bind4',
    purpose: 'owners of IPv4 listeners and UDP servers',
    required: false,
    candidates: [core('tg_post_bind4', 'cgroup')],
  },
  {
    name: 'bind6',
    purpose: 'owners of IPv6 listeners and UDP servers',
    required: false,
    candidates: [core('tg_post_bind6', 'cgroup')],
  },
  {
    name: 'sendmsg4',
    purpose: 'owners of unconnected UDP sockets, IPv4',
    required: false,
    candidates: [core('tg_sendmsg4', 'cgroup')],
  },
  {
    name: 'sendmsg6',
    purpose: 'owners of unconnected UDP sockets, IPv6',
    required: false,
    candidates: [core('tg_sendmsg6', 'cgroup')],
  },
  {
    name: 'connect4',
    purpose: 'owners of outbound IPv4 connections',
    required: true,
    candidates: [core('tg_connect4', 'cgroup')],
  },
  {
    name: 'connect6',
    purpose: 'owners of outbound IPv6 connections',
    required: false,
    candidates: [core('tg_connect6', 'cgroup')],
  },
  {
    name: 'release',
    purpose: 'attempts without a route, why connections ended',
    required: false,
    candidates: [extra('tg_sock_release', 'cgroup'), core('tg_sock_release', 'cgroup')],
  },
  {
    name: 'tcp',
    purpose: 'TCP connections',
    required: true,
    candidates: [extra('tg_tcp', 'cgroup'), core('tg_tcp', 'cgroup')],
  },
  {
    name: 'packets-sent',
    purpose: 'UDP conversations and what conversations say (sent)',
    required: false,
    candidates: [content('tg_egress'), core('tg_egress', 'cgroup')],
  },
  {
    name: 'packets-received',
    purpose: 'UDP conversations and what conversations say (received)',
    required: false,
    candidates: [content('tg_ingress'), core('tg_ingress', 'cgroup')],
  },
  {
    name: 'accept-worker-recv',
    purpose: 'the process that works on an accepted connection (it read first)',
    required: false,
    phases: ['closed'],
    candidates: [extra('tg_worker_recv', 'trace')],
  },
  {
    name: 'accept-worker-send',
    purpose: 'the process that works on an accepted connection (it wrote first)',
    required: false,
    phases: ['closed'],
    candidates: [extra('tg_worker_send', 'trace')],
  },
  {
    name: 'udp-error',
    purpose: 'refused UDP',
    required: false,
    phases: ['failed'],
    candidates: [extra('tg_udp_error', 'trace')],
  },
];

export const FLOW_FEATURE: Feature = {
  name: 'tcp-counters',
  purpose: 'counters of TCP connections while they are open',
  required: false,
  flows: true,
  candidates: [extra('tg_sample_flows', 'on-demand')],
};

export const ALL_FEATURES: readonly Feature[] = [
  ...PROCESS_FEATURES,
  SEED_FEATURE,
  ...SOCKET_FEATURES,
  FLOW_FEATURE,
];
