/** Files of the host over those that an image of 2018 has, for whoever works on a runner (seed spec 2). Pure. */
import type { Mount } from '../ports/driver.js';
import type { AgentSettings } from './agent-settings.js';

const TARGETS = {
  debugKernel: ['/usr/local/lib/python3.6/site-packages/ai/backend'],
  debugJail: ['/home/backend.ai/jail', '/home/sorna/jail'],
  debugHook: ['/home/backend.ai/libbaihook.so', '/home/sorna/libbaihook.so'],
} as const;

export function debugMounts(settings: Pick<AgentSettings, keyof typeof TARGETS>): Mount[] {
  return Object.entries(TARGETS).flatMap(([name, targets]) => {
    const source = settings[name as keyof typeof TARGETS];
    return source === undefined ? [] : targets.map((target) => ({ source, target, readOnly: true }));
  });
}
