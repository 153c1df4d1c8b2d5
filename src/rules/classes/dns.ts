import { ATTR } from '../../model/attributes.ts';
import type { DnsFacts } from '../../model/conversation.ts';
import type { DnsEvent } from '../../model/event.ts';
import type { FieldValue } from '../match/value.ts';
import { conversationFields, few, field, quiet } from './conversation-fields.ts';
import type { EventClass, FieldSpec } from './event-class.ts';
import type { ClassPorts } from './ports.ts';

/** A question with its answer, with its timeout, or alone. */
export function dnsClass(ports: ClassPorts): EventClass<DnsEvent> {
  return {
    name: 'dns',
    profiles: [
      { category: 'dns', product: 'linux', service: 'dns' },
      { category: 'dns_query', product: 'linux' },
      { category: 'network', service: 'dns' },
      { product: 'zeek', service: 'dns' },
      { product: 'telegen', category: 'dns', service: 'dns' },
    ],
    fields: [
      ...questionFields(),
      ...responseFields(),
      ...nameFields(),
      ...conversationFields<DnsEvent>(ports),
    ],
  };
}

const of = (names: readonly string[], read: (dns: DnsFacts) => FieldValue): FieldSpec<DnsEvent> =>
  field(names, ({ dns }) => read(dns));

function questionFields(): readonly FieldSpec<DnsEvent>[] {
  return [
    {
      ...field<DnsEvent>(
        ['query', 'QueryName', 'dns.question.name', 'question'],
        ({ dns }) => dns.questionName || undefined,
      ),
      // A name is short: reading it again costs less than finding what was remembered of it among so many.
      spread: 'unique',
    },
    few(
      ['record_type', 'qtype_name', ATTR.dnsQuestionType, 'QueryType'],
      ({ dns }) => dns.questionType || undefined,
    ),
    // The reserved bit alone: DNSSEC uses the two behind it.
    few(['Z'], ({ dns }) => (dns.reservedBit === true ? 1 : 0)),
  ];
}

/** Codes of the Windows resolver, which rules for `QueryStatus` are written for. */
const QUERY_STATUS: Readonly<Record<string, number>> = {
  NOERROR: 0,
  FORMERR: 9001,
  SERVFAIL: 9002,
  NXDOMAIN: 9003,
  NOTIMP: 9004,
  REFUSED: 9005,
};
const STATUS_TIMEOUT = 1460;

function responseFields(): readonly FieldSpec<DnsEvent>[] {
  const answers = (dns: DnsFacts): FieldValue => dns.answers?.map(({ data }) => data);
  return [
    of(['answer', 'answers', 'QueryResults', ATTR.dnsAnswers, 'dns.answers.data'], answers),
    few(['QueryStatus'], ({ dns }) =>
      dns.outcome === 'timeout' ? STATUS_TIMEOUT : QUERY_STATUS[dns.responseCode ?? ''],
    ),
    few(['response_code', 'rcode_name', ATTR.dnsResponseCode], ({ dns }) => dns.responseCode),
    few(['rejected'], ({ dns }) => dns.responseCode === 'REFUSED'),
    quiet(['ttl', 'TTLs'], ({ dns }) => dns.answers?.map(({ ttlSeconds }) => ttlSeconds)),
    quiet([ATTR.dnsLatencyMs], ({ dns }) => dns.latencyMs),
    { ...few<DnsEvent>([ATTR.dnsOutcome], ({ dns }) => dns.outcome), keywords: false },
    quiet([ATTR.dnsRetries], ({ dns }) => dns.retries),
  ];
}

/** Figures of the name, for rules and correlations about tunnels. */
function nameFields(): readonly FieldSpec<DnsEvent>[] {
  return [
    quiet(['query_length', 'question_length'], ({ dns }) => dns.questionName.length),
    quiet(['parent_domain', 'query_etld_plus_one', 'dns.question.registered_domain'], ({ dns }) =>
      registeredDomain(dns.questionName),
    ),
    quiet(['dns.question.subdomain'], ({ dns }) => subdomainOf(dns.questionName)),
    quiet(['telegen.dns.labels'], ({ dns }) => labelCount(dns.questionName)),
    quiet(['telegen.dns.longest_label'], ({ dns }) => longestLabel(dns.questionName)),
  ];
}

/** Second-level labels under which countries register names: example.co.uk, not co.uk. */
const SECOND_LEVEL = new Set([
  'ac',
  'co',
  'com',
  'edu',
  'gob',
  'gov',
  'gouv',
  'mil',
  'ne',
  'net',
  'nom',
  'or',
  'org',
]);

/** The name that somebody registered: an estimate from the last labels, without a list of public suffixes. */
export function registeredDomain(name: string): string | undefined {
  const labels = name.split('.');
  if (labels.length < 2) return undefined;
  const isCountry = labels.at(-1)?.length === 2 && SECOND_LEVEL.has(labels.at(-2) ?? '');
  return labels.slice(isCountry ? -3 : -2).join('.');
}

function subdomainOf(name: string): string | undefined {
  const domain = registeredDomain(name);
  return domain === undefined || domain.length >= name.length ? undefined : name.slice(0, -domain.length - 1);
}

function labelCount(name: string): number {
  let labels = 1;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) labels += 1;
  return labels;
}

function longestLabel(name: string): number {
  let longest = 0;
  let from = 0;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', from)) {
    longest = Math.max(longest, dot - from);
    from = dot + 1;
  }
  return Math.max(longest, name.length - from);
}
