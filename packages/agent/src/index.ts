/** The daemon as a library: what embeds an agent needs. Node commands are in `@berth/agent/commands`. */
export { startAgent, type Agent, type AgentConfig, type AgentParts } from './agent.js';
