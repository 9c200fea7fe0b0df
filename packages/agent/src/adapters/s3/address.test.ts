import { describe, expect, it } from 'vitest';
import { objectUrl, serviceOf, usesPath, type BucketPlace } from './address.js';

const place = (change: Partial<BucketPlace> = {}): BucketPlace => ({
  endpoint: undefined,
  region: 'eu-west-1',
  bucket: 'outputs',
  pathStyle: false,
  ...change,
});

describe('addresses of objects', () => {
  it.each([
    ['Amazon', {}, 'https://outputs.s3.eu-west-1.amazonaws.com/a/b'],
    ['Amazon in China', { region: 'cn-north-1' }, 'https://outputs.s3.cn-north-1.amazonaws.com.cn/a/b'],
    ['Amazon, in the path', { pathStyle: true }, 'https://s3.eu-west-1.amazonaws.com/outputs/a/b'],
    ['another service', { endpoint: 'https://s3.example.com' }, 'https://outputs.s3.example.com/a/b'],
    ['its port', { endpoint: 'http://s3.example.com:9000' }, 'http://outputs.s3.example.com:9000/a/b'],
    ['its path', { endpoint: 'https://example.com/s3', pathStyle: true }, 'https://example.com/s3/outputs/a/b'],
    ['an IPv4 address', { endpoint: 'http://10.0.0.1:9000' }, 'http://10.0.0.1:9000/outputs/a/b'],
    ['an IPv6 address', { endpoint: 'http://[::1]:9000' }, 'http://[::1]:9000/outputs/a/b'],
    ['a name with dots', { bucket: 'my.outputs' }, 'https://s3.eu-west-1.amazonaws.com/my.outputs/a/b'],
    ['a name of old', { bucket: 'My_Outputs' }, 'https://s3.eu-west-1.amazonaws.com/My_Outputs/a/b'],
  ])('%s', (_, change, url) => {
    expect(objectUrl(place(change), 'a/b').href).toBe(url);
  });

  it('are never of Amazon when another service is named', () => {
    for (const pathStyle of [true, false]) {
      const elsewhere = place({ endpoint: 'https://store.example.com', pathStyle });
      expect(serviceOf(elsewhere)).toBe('https://store.example.com');
      expect(objectUrl(elsewhere, 'x').host).toMatch(/store\.example\.com$/);
    }
    expect(usesPath(place())).toBe(false);
  });

  it('are encoded, byte by byte', () => {
    const odd = 'a b/ü%+&=?#\n"\'(1)*~!$,:;@.txt';
    const { pathname, search, hash } = objectUrl(place(), odd);
    expect(pathname).toBe('/a%20b/%C3%BC%25%2B%26%3D%3F%23%0A%22%27%281%29%2A~%21%24%2C%3A%3B%40.txt');
    expect([search, hash]).toEqual(['', '']);
    expect(decodeURIComponent(pathname)).toBe(`/${odd}`);
  });
});
