import { isIP } from 'node:net';
import { z } from 'zod';
import { normaliseCidr } from './cidr.ts';
import { parseDuration } from './duration.ts';
import { parseEndpoint } from './endpoint.ts';

/** What a leaf of the schema says of itself: docs, error messages and the "not active yet" warning come from it. */
export interface Note {
  /** False while the feature behind the key does not exist: the key is accepted and named in a warning. */
  readonly active: boolean;
  readonly description: string;
}

const noted = <S extends z.ZodType>(schema: S, note: Note, expects: string): S =>
  schema.meta({ ...note, expects });

/** An issue whose message is shown as it is; others are worded from what was found and what is expected. */
const worded = (message: string) => ({ code: 'custom' as const, message, params: { worded: true } });

/** A section. Leaving it out is the same as leaving out all of its keys. */
export const section = <S extends z.ZodRawShape>(description: string, shape: S) =>
  z
    .strictObject(shape)
    .prefault({} as z.input<z.ZodObject<S, z.core.$strict>>)
    .meta({ description });

export const flag = (fallback: boolean, note: Note) =>
  noted(z.boolean().default(fallback), note, 'true or false');

export const choice = <const T extends readonly (string | boolean)[]>(
  values: T,
  fallback: T[number],
  note: Note,
) =>
  noted(
    z.literal(values).default(fallback as never),
    note,
    values.join(', ').replace(/, (?=[^,]*$)/, ' or '),
  );

export const whole = (range: { min: number; max: number; default: number }, note: Note) =>
  noted(
    z.int().min(range.min).max(range.max).default(range.default),
    note,
    `a whole number from ${range.min} to ${range.max}`,
  );

/** Any number in a range, fractions included. */
export const number = (range: { min: number; max: number; default: number }, note: Note) =>
  noted(
    z.number().min(range.min).max(range.max).default(range.default),
    note,
    `a number from ${range.min} to ${range.max}`,
  );

/** Text without control characters. */
export const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !/\p{Cc}/u.test(value));

export const words = (fallback: string, note: Note) =>
  noted(text(255).default(fallback), note, 'text of 1 to 255 characters');

export const optionalWords = (note: Note) => noted(text(100).optional(), note, 'text of 1 to 100 characters');

/** A name as Kubernetes allows it for nodes and the like (RFC 1123). */
export const optionalName = (note: Note) =>
  noted(
    text(253)
      .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
      .optional(),
    note,
    'a name of lower-case letters, digits, "-" and "."',
  );

export const PATH_EXPECTS = 'a file path (relative ones start at the folder of this file)';
const pathText = text(4096).meta({ expects: PATH_EXPECTS });

export const path = (fallback: string, note: Note) => noted(text(4096).default(fallback), note, PATH_EXPECTS);

export const optionalPath = (note: Note) => noted(text(4096).optional(), note, PATH_EXPECTS);

/** A list of one kind of value; a file's list replaces the default, it does not add to it. */
export const list = <E extends z.ZodType>(
  element: E,
  fallback: readonly z.output<E>[],
  note: Note & { readonly of: string },
) => {
  const { of, ...rest } = note;
  return noted(z.array(element).default([...fallback] as never), rest, `a list of ${of}`);
};

export const port = z.int().min(1).max(65_535).meta({ expects: 'a port: a whole number from 1 to 65535' });

export const portNumber = (fallback: number, note: Note) =>
  noted(port.default(fallback), note, 'a port: a whole number from 1 to 65535');

/** An IP address of this host; names are not looked up. */
export const address = (fallback: string, note: Note) =>
  noted(
    text(45)
      .refine((value) => isIP(value) !== 0)
      .default(fallback),
    note,
    'an IP address, such as 127.0.0.1 or "::1"',
  );

export const ports = (fallback: readonly number[], note: Note) =>
  list(port, fallback, { ...note, of: 'ports (whole numbers from 1 to 65535)' });

export const paths = (note: Note) => list(pathText, [], { ...note, of: 'file or folder paths' });

const cidr = text(64)
  .superRefine((value, ctx) => {
    const result = normaliseCidr(value);
    if ('problem' in result) ctx.addIssue(worded(`${JSON.stringify(value)}: ${result.problem}`));
  })
  .meta({ expects: 'an IP network such as 192.0.2.0/24 or 2001:db8::/32' });

export const cidrs = (fallback: readonly string[], note: Note) =>
  list(cidr, fallback, { ...note, of: 'IP networks (CIDR) or addresses' });

/** Text of one shape; `shape.expects` names one such value in errors. */
export const shaped = (shape: { regex: RegExp; max: number; expects: string }) =>
  text(shape.max).regex(shape.regex).meta({ expects: shape.expects });

/** The path of a program; `*` stands for anything in it. */
export const executable = shaped({
  regex: /^\//,
  max: 4096,
  expects: 'an absolute executable path; * matches any run of characters, such as "/usr/lib/apt/*"',
});

export const duration = (range: { min: string; max: string; default: string }, note: Note) => {
  const min = parseDuration(range.min) ?? 0;
  const max = parseDuration(range.max) ?? 0;
  const schema = text(20).refine((value) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= min && ms <= max;
  });
  const expects = `a duration from ${range.min} to ${range.max}, such as ${range.default} (units: ms, s, m, h)`;
  return noted(schema.default(range.default), note, expects);
};

/** Bytes of a kernel ring: the error names the legal sizes on both sides of a wrong one. */
export const powerOfTwoBytes = (range: { min: number; max: number; default: number }, note: Note) => {
  const schema = z.int().superRefine((value, ctx) => {
    const message = sizeProblem(value, range);
    if (message !== undefined) ctx.addIssue(worded(message));
  });
  return noted(
    schema.default(range.default),
    note,
    `bytes, a power of two from ${range.min} to ${range.max}`,
  );
};

function sizeProblem(value: number, range: { min: number; max: number }): string | undefined {
  if (value < range.min) return `${value} bytes is too small; the nearest legal size is ${range.min}`;
  if (value > range.max) return `${value} bytes is too large; the nearest legal size is ${range.max}`;
  const below = 2 ** Math.floor(Math.log2(value));
  return below === value
    ? undefined
    : `${value} is not a power of two; the nearest legal sizes are ${below} and ${below * 2}`;
}

export const endpoint = (note: Note) => {
  const schema = text(1024).superRefine((value, ctx) => {
    const result = parseEndpoint(value);
    if ('problem' in result) ctx.addIssue(worded(result.problem));
  });
  return noted(schema.optional(), note, 'http://host:port, https://host:port or host:port');
};
