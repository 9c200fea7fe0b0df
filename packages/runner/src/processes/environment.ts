/** The environment of the user's processes. Nothing of the runner's own gets into it. Pure. */

export type Environment = Readonly<Record<string, string>>;

const DEFAULTS: Environment = {
  LANG: 'C.UTF-8',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  TERM: 'xterm-256color',
};

/** `kernel` comes from image and request; who and where the user is does not depend on either; `run` has the last word. */
export function userEnvironment(kernel: Environment, home: string, run: Environment = {}): Environment {
  return { ...DEFAULTS, ...kernel, HOME: home, USER: 'work', LOGNAME: 'work', ...run };
}
