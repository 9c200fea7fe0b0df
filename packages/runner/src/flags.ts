/**
 * Options of the Node that runs the runner. They keep it small, since one runs in every kernel, and keep the image out: OpenSSL
 * would otherwise read a configuration of the image, which can load code into the runner.
 */
export const RUNNER_FLAGS: readonly string[] = [
  '--openssl-config=/dev/null',
  '--max-semi-space-size=1',
  '--max-old-space-size=64',
  '--v8-pool-size=1',
  '--no-warnings',
];
