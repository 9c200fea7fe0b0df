import { describe, expect, it } from 'vitest';
import { LONGEST_LINK_SECONDS, signedLink } from './sign-link.js';

describe('signedLink', () => {
  const signer = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
  };

  it("gives what Amazon's own example gives", () => {
    const url = new URL('https://examplebucket.s3.amazonaws.com/test.txt');
    expect(signedLink(url, signer, Date.UTC(2013, 4, 24), 86_400)).toBe(
      'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
        '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z' +
        '&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
        '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    );
  });

  it('never tells the secret', () => {
    const link = signedLink(new URL('https://x.example.com/a'), { ...signer, secretAccessKey: 'hush' }, 0, LONGEST_LINK_SECONDS);
    expect(link).not.toContain('hush');
    expect(link).toContain('X-Amz-Expires=604800');
  });
});
