import type { OptionTable } from '../args/option.js';

/** The flags of `berth agent`, from the agent's own table of settings. Loaded when a command has them. */
export async function agentOptions(): Promise<OptionTable> {
  const { agentConfig } = await import('@berth/agent/commands');
  return (await agentConfig()).flagOptions();
}
