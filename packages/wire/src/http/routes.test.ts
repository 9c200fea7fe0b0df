import { describe, expect, it } from 'vitest';
import { ROUTES } from './routes.js';

const routes = Object.entries(ROUTES);

describe('the route table', () => {
  it('has each method and path once', () => {
    // Parameters by any name are the same path.
    const keys = routes.map(([, { method, path }]) => `${method} ${path.replaceAll(/:\w+/g, ':')}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each(routes)('has %s where the document says', (_, { method, path, body, query }) => {
    expect(path).toMatch(/^\/v1(\/([a-z]+|:(session|run|service)))+$/);
    if (method === 'GET' || method === 'DELETE') expect(body).toBeUndefined();
    expect(new Set(query).size).toBe(query.length);
  });

  it('has no values for replies, only types', () => {
    for (const [, { reply }] of routes) expect(reply).toThrow();
  });
});
