import { z } from 'zod';
import { fileSchema } from './schema.ts';

/** JSON Schema (draft 7) of the configuration file, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(fileSchema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      const note = jsonSchema as {
        active?: boolean;
        description?: string;
        expects?: string;
        secret?: boolean;
      };
      if (note.active === false) note.description = `${note.description} (accepted, not active yet)`;
      delete note.active;
      delete note.expects;
      delete note.secret;
    },
  });
}
