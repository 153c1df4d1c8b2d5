import type { DnsRecord } from '../../model/conversation.ts';

/**
 * Why bytes are not a DNS message, or where one stopped making sense.
 * `cut`: ended early. `label-type`: a reserved kind of label. `pointer`: compression that does not lead back.
 * `name-length`: more than 255 octets. `too-large`: more text than anyone needs, or more than 65,535 bytes.
 */
export type DnsFault = 'cut' | 'label-type' | 'pointer' | 'name-length' | 'too-large';

export interface DnsQuestion {
  /** As `DnsFacts.questionName`. */
  readonly name: string;
  readonly type: string;
  /** Without the top bit, which is a flag in multicast DNS. */
  readonly class: number;
}

export interface DnsEdns {
  readonly version: number;
  /** The largest UDP answer that the sender takes, bytes. */
  readonly payloadSize: number;
  readonly dnssecOk: boolean;
}

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  /** 0 is an ordinary query. */
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** The header's last reserved bit (Z), when it is set. */
  readonly reservedBit?: true;
  /** Undefined in queries, and where the part that may extend it (OPT) could not be read. */
  readonly responseCode: string | undefined;
  readonly questions: readonly DnsQuestion[];
  /** What could be read of the answers, in order. */
  readonly answers: readonly DnsRecord[];
  /** Undefined when only the answers were asked for. The OPT record is not among them. */
  readonly authorities: readonly DnsRecord[] | undefined;
  readonly additionals: readonly DnsRecord[] | undefined;
  readonly edns: DnsEdns | undefined;
  /** What stopped the reading after the questions. Everything before it is right. */
  readonly fault: DnsFault | undefined;
  /** Records whose data did not fit their type, shown as `\# length hex`. */
  readonly oddRecords: number;
  /**
   * Set on the messages of a zone transfer that has several. `more`: others follow; `last`: none does; `cut`: no message,
   * but word that the rest will not come.
   */
  readonly transfer?: 'more' | 'last' | 'cut';
}

/** Not readable as far as the end of the questions. */
export interface DnsFailure {
  readonly error: DnsFault;
}
