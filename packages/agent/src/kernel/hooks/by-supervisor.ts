import type { Supervisor } from '@berth/wire';
import type { KernelFacts } from '../../model/facts.js';
import type { LifecycleHook } from '../hook.js';

/** The hook of each kernel's supervisor; null: that kind of kernel needs none. */
export function bySupervisor(name: string, hooks: Readonly<Record<Supervisor, LifecycleHook | null>>): LifecycleHook {
  const of = ({ facts }: { readonly facts: KernelFacts }) => hooks[facts.spec.supervisor];
  return {
    name,
    acquire: async (context) => of(context)?.acquire(context),
    ending: async (context) => of(context)?.ending?.(context),
    release: async (context) => of(context)?.release(context),
  };
}
