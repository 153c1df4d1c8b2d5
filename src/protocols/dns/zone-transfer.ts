import type { Side } from '../../model/conversation.ts';
import type { DnsMessage } from './message.ts';

/** Transfers followed at once in one direction of a connection; of further ones the first message is told alone. */
const MAX_OPEN = 32;
const NO_RECORDS: readonly never[] = [];

/** Tells the messages of zone transfers on one TCP connection apart (RFC 5936 2.2, RFC 1995). */
export interface TransferWatch {
  /** The message with its `transfer`; unchanged when it belongs to none, or is all of one. `side` sent it. */
  place(side: Side, message: DnsMessage): DnsMessage;
  /** What follows from this side has a hole in it. */
  gap(side: Side): void;
  /** Word for each transfer that is not over, and who sent it. */
  unfinished(): readonly (readonly [Side, DnsMessage])[];
}

/** A transfer whose closing SOA has not come. */
interface Open {
  readonly type: string;
  /** What is said of it should the connection end. */
  readonly word: DnsMessage;
  records: number;
  /** Data of the SOA that it began with. */
  serial: string;
  /** Differences between versions instead of all of one (RFC 1995 section 4). */
  incremental: boolean;
  /** SOA records that count towards the last one. */
  marks: number;
  gapped: boolean;
}

/** Whether it may be the first of several messages. */
export function beginsTransfer({ questions }: DnsMessage): boolean {
  const type = questions[0]?.type;
  return type === 'AXFR' || type === 'IXFR';
}

export function createTransferWatch(): TransferWatch {
  const open = { client: new Map<number, Open>(), server: new Map<number, Open>() };

  function begin(side: Side, message: DnsMessage): DnsMessage {
    if (!beginsTransfer(message) || !startsWithZone(message)) return message;
    const transfer = newTransfer(message);
    if (isOver(transfer, message)) return message;
    if (open[side].size >= MAX_OPEN) return { ...message, fault: message.fault ?? 'cut' };
    open[side].set(message.id, transfer);
    return { ...message, transfer: 'more' };
  }

  return {
    place(side, message) {
      const transfer = open[side].get(message.id);
      if (transfer === undefined || !belongsTo(transfer, message)) return begin(side, message);
      const over = isOver(transfer, message);
      if (over) open[side].delete(message.id);
      const fault = message.fault ?? (transfer.gapped || isError(message.responseCode) ? 'cut' : undefined);
      return { ...message, fault, transfer: over ? 'last' : 'more' };
    },
    gap(side) {
      for (const transfer of open[side].values()) transfer.gapped = true;
    },
    unfinished: () =>
      (['client', 'server'] as const).flatMap((side) =>
        [...open[side].values()].map(({ word }) => [side, word] as const),
      ),
  };
}

function newTransfer(message: DnsMessage): Open {
  return {
    type: message.questions[0]?.type ?? '',
    word: { ...message, questions: NO_RECORDS, answers: NO_RECORDS, transfer: 'cut' },
    records: 0,
    serial: '',
    incremental: false,
    marks: 0,
    gapped: false,
  };
}

/** Whatever else is answered is one message: an error, or that the asker's version is the latest (RFC 1995 section 2). */
function startsWithZone({ answers, questions, opcode }: DnsMessage): boolean {
  const upToDate = questions[0]?.type === 'IXFR' && answers.length === 1;
  return opcode === 0 && questions.length === 1 && answers[0]?.type === 'SOA' && !upToDate;
}

/** The question may be left out behind the first message. */
const belongsTo = ({ type }: Open, { questions: [question] }: DnsMessage): boolean =>
  question === undefined || question.type === type;

/** Counts the SOA records of the message; true with the closing one, or with an error. */
function isOver(transfer: Open, { answers, responseCode }: DnsMessage): boolean {
  for (const { type, data } of answers) {
    transfer.records++;
    if (type !== 'SOA') continue;
    if (transfer.records === 1) transfer.serial = data;
    if (transfer.records === 2) transfer.incremental = transfer.type === 'IXFR' && data !== transfer.serial;
    if (!transfer.incremental || data === transfer.serial) transfer.marks++;
  }
  // Differences name the new version where they begin, before its last additions, and where they end.
  return transfer.marks >= (transfer.incremental ? 3 : 2) || isError(responseCode);
}

const isError = (code: string | undefined): boolean => code !== undefined && code !== 'NOERROR';
