/** Schemas of single fields, with messages that go on after the name of the field. */
import { z } from 'zod';

const missingOr =
  (otherwise: string) =>
  ({ input }: { readonly input?: unknown }) =>
    input === undefined ? 'is missing' : otherwise;

/** Text as it is. Numbers must be quoted: `1.10` without quotes is the number 1.1. */
export const text = (most = 4096) =>
  z
    .string({ error: missingOr('must be text; put it in quotes') })
    .max(most, `is longer than ${most} characters`)
    // eslint-disable-next-line no-control-regex
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not have control characters');

/** A part of a key: no slash, which would make it two parts, and no underscore in front, where Backend.AI keeps its own. */
export const namePart = () =>
  text(128).regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'must begin with a letter or digit, and have only these and . _ + -');

/** A tag of an image, as Docker allows it. */
export const tag = () =>
  text(128).regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must be a tag: letters, digits, and _ . - after the first');

export const list = <T extends z.ZodType>(of: T, most: number) =>
  z.array(of, { error: missingOr('must be a list') }).max(most, `has more than ${most} items`);

export const record = <T extends z.core.$ZodShape>(shape: T) => z.object(shape, { error: missingOr('must have named fields') });

export const oneOf = <const T extends readonly string[]>(...known: T) =>
  z.enum(known, { error: missingOr(`must be ${known.join(' or ')}`) });

/** A number, or null for "no limit", which must be said. */
export const numberOrNull = (most: number) =>
  z
    .number({ error: missingOr('must be a number, or null for no limit') })
    .min(0, 'must not be negative')
    .max(most, `must be at most ${most}`)
    .nullable();
