import type { FormatName } from '../../model/list-formats.ts';
import { readCsv } from './csv.ts';
import { readDomains } from './domains.ts';
import type { FormatReader } from './format.ts';
import { readHosts } from './hosts.ts';
import { readIprep, readIprepCategories } from './iprep.ts';
import { readIpsum } from './ipsum.ts';
import { readMisp } from './misp.ts';
import { readMispWarninglist } from './misp-warninglist.ts';
import { readNetset } from './netset.ts';
import { readPlain } from './plain.ts';
import { readSpamhausDrop } from './spamhaus-drop.ts';
import { readSpamhausJson } from './spamhaus-json.ts';
import { readStix } from './stix.ts';
import { readZeekIntel } from './zeek-intel.ts';

/** Every format there is, with its reader. */
export const READERS: Readonly<Record<FormatName, FormatReader>> = {
  plain: readPlain,
  netset: readNetset,
  domains: readDomains,
  hosts: readHosts,
  ipsum: readIpsum,
  'spamhaus-drop': readSpamhausDrop,
  'spamhaus-json': readSpamhausJson,
  csv: readCsv,
  iprep: readIprep,
  'iprep-categories': readIprepCategories,
  'zeek-intel': readZeekIntel,
  stix: readStix,
  misp: readMisp,
  'misp-warninglist': readMispWarninglist,
};
