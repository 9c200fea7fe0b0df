import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ROUTES } from '@berth/wire/http';

it('docs/http-api.md lists the routes of the table, in its order', () => {
  const text = readFileSync(new URL('../../../../docs/http-api.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| ((?:GET|POST|DELETE) \S+) \| (\w+) \| (.*?) ?\| (.*?) ?\|$/gm)];
  const expected = Object.entries(ROUTES).map(([name, { method, path, query, body }]) => [
    `${method} ${path}`,
    name,
    query.join(', '),
    body !== undefined,
  ]);
  expect(rows.map(([, route, name, query, body]) => [route, name, query, body !== ''])).toEqual(expected);
});
