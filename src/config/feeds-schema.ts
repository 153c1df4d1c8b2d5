import { z } from 'zod';
import { PATH_EXPECTS, text } from './leaf.ts';
import { span } from './lists-schema.ts';

/** A name becomes the name of a file and of a list. */
const feedName = text(100).regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/);
const url = (protocol: 'https' | 'http') =>
  text(2048).refine((value) => URL.canParse(value) && new URL(value).protocol === `${protocol}:`);
const httpsUrl = url('https').meta({ expects: 'an address that starts with https://', secret: true });
const path = text(4096).meta({ expects: PATH_EXPECTS });

const feed = z.strictObject({
  url: httpsUrl,
  role: z.literal(['block', 'allow']).default('block').meta({ expects: 'block or allow' }),
  interval: span('1m', '168h').default('1h'),
  timeout: span('1s', '10m').default('30s'),
  max_bytes: z.int().min(1).max(67_108_864).default(67_108_864).meta({
    expects: 'bytes, a whole number from 1 to 67108864',
  }),
  headers: z
    .record(text(100), z.strictObject({ file: path }))
    .default({})
    .meta({ expects: 'a mapping of header names to {file: PATH}' }),
  checksum_url: httpsUrl.optional(),
  proxy: url('http')
    .optional()
    .meta({ expects: 'an address such as http://proxy.example.com:3128', secret: true }),
  ca_file: path.optional(),
});

/** `agent.network.security.feeds`: lists that are fetched over HTTPS. */
export const feedsSchema = z
  .record(feedName, feed)
  .default({})
  .meta({
    active: true,
    expects:
      'a mapping of feed names to settings, such as {feodo: {url: "https://lists.example.com/feodo.csv"}}',
    description:
      'Lists fetched over HTTPS, by name: `url`, `role`, `interval`, `timeout`, `max_bytes`, `headers`, `checksum_url`, `proxy`, ' +
      '`ca_file`; see docs/blocklists.md. Addresses are masked in `telegen config print`.',
    secret: true,
  });
