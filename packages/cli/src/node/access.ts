/** The node of this user: found, asked, or started for the purpose. */
import type { NodeAddress } from '@berth/client';
import { BerthClient } from '@berth/client';
import { BerthError, isBerthError } from '@berth/wire';
import { passedOn, type NodeWishes } from './isolation.js';

/** Loaded when needed: it is the agent's. */
const nodeCommands = () => import('@berth/agent/commands');

const EPHEMERAL = ['up', '--output', 'json', '--listen', '127.0.0.1:0', '--ephemeral'];

export class NodeAccess {
  /** The `berth` program itself. */
  readonly program: string;

  constructor(program: string) {
    this.program = program;
  }

  async dataDir(): Promise<string> {
    return (await nodeCommands()).dataDirectory();
  }

  /** Resolves when no node holds the data directory. */
  async untilGone(): Promise<void> {
    const { dataDirectory, untilUnlocked } = await nodeCommands();
    await untilUnlocked(dataDirectory());
  }

  /** A client of the running node, or undefined. */
  async find(): Promise<BerthClient | undefined> {
    const found = await this.#find();
    return found && new BerthClient({ endpoint: found.node.endpoint, key: found.key });
  }

  /** A client of the running node. Errors: `node-not-running`. */
  async client(): Promise<BerthClient> {
    const found = await this.find();
    if (found) return found;
    throw await this.#notRunning();
  }

  /**
   * A client that finds the node again when it comes back elsewhere. A node that ends by itself is started again when it
   * dies; with `start`, one is started where none runs, as `wishes` say. Errors: `node-not-running`; those of a start.
   */
  async lastingClient({ start, wishes = {} }: { readonly start: boolean; readonly wishes?: NodeWishes }): Promise<BerthClient> {
    const first = await this.#find();
    if (!first && !start) throw await this.#notRunning();
    if (!first) await this.#start(wishes);
    const ours = first?.node.ephemeral ?? true;
    return new BerthClient(async () => {
      const found = (await this.#find()) ?? (ours ? await this.#start(wishes) : undefined);
      if (found) return { endpoint: found.node.endpoint, key: found.key } satisfies NodeAddress;
      throw new BerthError('node-lost', 'the node has gone away');
    });
  }

  async #notRunning(): Promise<BerthError> {
    return new BerthError('node-not-running', `no node runs on ${await this.dataDir()}`);
  }

  async #find() {
    const { dataDirectory, locateNode } = await nodeCommands();
    return locateNode(dataDirectory());
  }

  /** Undefined when somebody else starts one just now. */
  async #start(wishes: NodeWishes) {
    const { dataDirectory, startDetached } = await nodeCommands();
    try {
      await startDetached({
        dataDir: dataDirectory(),
        program: this.program,
        args: [...EPHEMERAL, ...passedOn(wishes)],
      });
    } catch (error) {
      if (!isBerthError(error) || error.code !== 'data-dir-locked') throw error;
    }
    return this.#find();
  }
}
