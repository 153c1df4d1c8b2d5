import type { DnsRecord } from '../../model/conversation.ts';
import { type Asked as AskedFacts, type DnsResult, responseFacts } from './facts.ts';
import type { DnsMessage } from './message.ts';
import type { Group } from './transaction.ts';

/** Transfers gathered at once; beyond this the one that was silent longest is told as it is. */
const MAX_TRANSFERS = 32;
/** Answers told of a transfer: about as many as one message holds. */
export const MAX_TRANSFER_ANSWERS = 4096;
/** Characters of their names and data. */
const MAX_TRANSFER_TEXT = 512 * 1024;

export interface TransferGatheringOptions<Asked> {
  /** A transfer of which nothing came for so long is told as it is. */
  readonly idleMs: number;
  /** `timeMs`: of the first message. */
  onResult(result: DnsResult, conversation: Asked, timeMs: number): void;
}

/** The first message of a transfer, and who asked for it. */
export interface TransferBeginning<Asked> {
  readonly message: DnsMessage;
  readonly asked: AskedFacts;
  readonly conversation: Asked;
  readonly timeMs: number;
}

/** Zone transfers of several messages (RFC 5936 2.2): each becomes one result, partial where something is left out. */
export interface TransferGathering<Asked> {
  /** Of a group of which none is being gathered. */
  begin(group: Group, beginning: TransferBeginning<Asked>): void;
  /** Takes a further message; false when no transfer of that group is being gathered. */
  add(group: Group, message: DnsMessage, timeMs: number): boolean;
  /** Tells those that have been silent for too long by `nowMs`. */
  tick(nowMs: number): void;
  /** Tells all that are left. */
  end(): void;
}

interface Transfer<Asked> extends TransferBeginning<Asked> {
  readonly answers: DnsRecord[];
  text: number;
  partial: boolean;
  responseCode: string | undefined;
  lastMs: number;
}

/** Holds at most `MAX_TRANSFERS` transfers, and of each no more than is told of it. */
export function createTransferGathering<Asked>(
  options: TransferGatheringOptions<Asked>,
): TransferGathering<Asked> {
  /** In the order of their latest messages. */
  const transfers = new Map<Group, Transfer<Asked>>();

  function tell(group: Group, transfer: Transfer<Asked>): void {
    transfers.delete(group);
    const { asked, conversation, timeMs } = transfer;
    options.onResult(responseFacts(wholeOf(transfer), asked), conversation, timeMs);
  }

  function cutShort(group: Group, transfer: Transfer<Asked>): void {
    transfer.partial = true;
    tell(group, transfer);
  }

  function cutShortUntil(lastMs: number): void {
    for (const [group, transfer] of transfers) {
      if (transfer.lastMs > lastMs) return;
      cutShort(group, transfer);
    }
  }

  return {
    begin(group, beginning) {
      const [stalest] = transfers;
      if (stalest !== undefined && transfers.size >= MAX_TRANSFERS) cutShort(...stalest);
      transfers.set(group, newTransfer(beginning));
    },
    add(group, message, timeMs) {
      const transfer = transfers.get(group);
      if (transfer === undefined) return false;
      if (message.transfer === 'cut') {
        cutShort(group, transfer);
        return true;
      }
      take(transfer, message);
      if (message.transfer === 'last') {
        tell(group, transfer);
        return true;
      }
      transfer.lastMs = timeMs;
      transfers.delete(group);
      transfers.set(group, transfer);
      return true;
    },
    tick(nowMs) {
      if (transfers.size > 0) cutShortUntil(nowMs - options.idleMs);
    },
    end() {
      cutShortUntil(Number.POSITIVE_INFINITY);
    },
  };
}

function newTransfer<Asked>(beginning: TransferBeginning<Asked>): Transfer<Asked> {
  const { message, asked, conversation, timeMs } = beginning;
  const transfer: Transfer<Asked> = {
    // Its answers are kept below, as far as there is room.
    message: { ...message, answers: [] },
    asked,
    conversation,
    timeMs,
    answers: [],
    text: 0,
    partial: false,
    responseCode: undefined,
    lastMs: timeMs,
  };
  take(transfer, message);
  return transfer;
}

function take(transfer: Transfer<unknown>, message: DnsMessage): void {
  // An error may end what began well.
  transfer.responseCode = message.responseCode ?? transfer.responseCode;
  if (message.fault !== undefined) transfer.partial = true;
  for (const record of message.answers) {
    transfer.text += record.name.length + record.data.length;
    if (transfer.answers.length === MAX_TRANSFER_ANSWERS || transfer.text > MAX_TRANSFER_TEXT) {
      transfer.partial = true;
      return;
    }
    transfer.answers.push(record);
  }
}

function wholeOf({ message, answers, partial, responseCode }: Transfer<unknown>): DnsMessage {
  return { ...message, answers, responseCode, fault: partial ? 'cut' : undefined };
}
