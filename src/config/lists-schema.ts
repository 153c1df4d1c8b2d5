import { z } from 'zod';
import { FORMAT_NAMES } from '../model/list-formats.ts';
import { parseDuration } from './duration.ts';
import { text } from './leaf.ts';

const listName = text(255);
const percent = z.int().min(0).max(100).meta({ expects: 'a whole number from 0 to 100' });
const flag = z.boolean().meta({ expects: 'true or false' });

export const span = (min: string, max: string) =>
  text(20)
    .refine((value) => {
      const ms = parseDuration(value) ?? Number.NaN;
      return ms >= (parseDuration(min) ?? 0) && ms <= (parseDuration(max) ?? 0);
    })
    .meta({ expects: `a duration from ${min} to ${max} (units: ms, s, m, h)` });

const listSettings = z.strictObject({
  format: z
    .literal(FORMAT_NAMES)
    .optional()
    .meta({ expects: `one of ${FORMAT_NAMES.join(', ')}` }),
  category: text(200).optional().meta({ expects: 'text of 1 to 200 characters' }),
  confidence: percent.optional(),
  direction: z.literal(['outbound', 'inbound']).optional().meta({ expects: 'outbound or inbound' }),
  min_confidence: percent.optional(),
  allow_reserved: flag.optional(),
  allow_shrink: flag.optional(),
  stale_after: span('1m', '8760h').optional(),
});

/** `agent.network.security.lists`: what is to be known of single lists, by their names. */
export const listsSchema = z
  .record(listName, listSettings)
  .default({})
  .meta({
    active: true,
    expects: 'a mapping of list names to settings, such as {feodo: {format: csv, stale_after: 48h}}',
    description:
      'Settings of single block and allow lists by name (file name without ending): `format`, `category`, `confidence`, ' +
      '`direction`, `min_confidence`, `allow_reserved`, `allow_shrink`, `stale_after`; see docs/blocklists.md.',
  });
