import type { DnsFacts, DnsOutcome, DnsRecord } from '../../model/conversation.ts';
import type { DnsMessage, DnsQuestion } from './message.ts';
import type { Transaction } from './transaction.ts';

/** What the pairing says of a question beyond the shared facts. */
export interface DnsResult extends DnsFacts {
  /** Asked again after a truncated response to the same question and id on another socket. */
  readonly afterTruncation: boolean;
}

/** What is known of the asking. */
export interface Asked {
  readonly question: DnsQuestion | undefined;
  readonly outcome: DnsOutcome;
  readonly retries: number;
  readonly afterTruncation: boolean;
  readonly latencyMs?: number;
}

/** Types that lead from the name asked for to the one that has the answer. */
const ALIASES: readonly string[] = ['CNAME', 'DNAME'];

/** Facts of a question to which no response was seen: not in time, or not before the end. */
export function unansweredFacts(
  outcome: 'timeout' | 'asked',
  asked: Pick<Transaction<unknown>, 'id' | 'question' | 'retries' | 'afterTruncation'>,
): DnsResult {
  return {
    id: asked.id,
    questionName: asked.question.name,
    questionType: asked.question.type,
    outcome,
    retries: asked.retries,
    partial: false,
    afterTruncation: asked.afterTruncation,
  };
}

/** Facts of a response. Name and type are empty where neither it nor a query says what was asked. */
export function responseFacts(message: DnsMessage, asked: Asked): DnsResult {
  const { question, outcome, retries, afterTruncation, latencyMs } = asked;
  const { responseCode } = message;
  // The usual one in one piece: to spread what may be missing takes as long as all the rest.
  if (responseCode !== undefined && latencyMs !== undefined && message.reservedBit !== true) {
    return {
      id: message.id,
      questionName: question?.name ?? '',
      questionType: question?.type ?? '',
      outcome,
      responseCode,
      answers: answersTo(question, message),
      latencyMs,
      truncated: message.truncated,
      retries,
      partial: message.fault !== undefined,
      afterTruncation,
    };
  }
  return {
    id: message.id,
    questionName: question?.name ?? '',
    questionType: question?.type ?? '',
    outcome,
    ...(responseCode !== undefined && { responseCode }),
    answers: answersTo(question, message),
    ...(message.reservedBit === true && { reservedBit: true }),
    ...(latencyMs !== undefined && { latencyMs }),
    truncated: message.truncated,
    retries,
    partial: message.fault !== undefined,
    afterTruncation,
  };
}

/** All answers of a message with one question; of several questions, those that follow from this one. */
function answersTo(question: DnsQuestion | undefined, message: DnsMessage): readonly DnsRecord[] {
  if (question === undefined || message.questions.length < 2) return message.answers;
  const names = new Set([question.name]);
  const types = [question.type, ...ALIASES];
  const taken: DnsRecord[] = [];
  for (const record of message.answers) {
    const concerns =
      names.has(record.name) || (record.type === 'DNAME' && question.name.endsWith(`.${record.name}`));
    if (!concerns || (question.type !== 'ANY' && !types.includes(record.type))) continue;
    if (record.type === 'CNAME') names.add(record.data);
    taken.push(record);
  }
  return taken;
}
