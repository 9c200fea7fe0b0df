import { defineCommand } from '../command.js';
import { agentOptions } from '../node/agent-options.js';
import { writeJson, writeLine } from '../terminal.js';

export const agent = defineCommand({
  name: 'agent',
  summary: 'start a node under a Backend.AI manager',
  usage: ['agent [-f FILE] [--etcd-addr HOST:PORT] [--namespace NS] [--scratch-root DIR] [OPTIONS]'],
  details: [
    'It stays in the foreground until TERM or INT; kernels live on and are taken over by the next start, unless --on-stop terminate.',
    'Flags are stronger than environment variables (in brackets below), these than the file of -f, that than etcd. Empty means unset.',
    'More variables: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_S3_BUCKET, AWS_S3_BUCKET_PATH, AWS_S3_ENDPOINT, AWS_S3_PATH_STYLE, AWS_S3_PUBLIC_READ, BACKEND_REGION, DOCKER_HOST.',
    'Names under which managers schedule images of this machine are in the section [images] of the file: `berth config init` writes a sample.',
  ],
  options: {},
  moreOptions: agentOptions,
  words: { min: 0, max: 0 },
  examples: [
    ['agent --etcd-addr etcd.example.com:2379 --namespace example.com --scratch-root /var/cache/scratches', 'join a cluster'],
    ['agent -f /etc/berth/berth.toml --manager-allow 10.0.0.0/24', 'settings from a file, RPC for the managers only'],
  ],
  async run({ values }, { terminal, json, interrupts }) {
    const { agentConfig, serveAgent } = await import('@berth/agent/commands');
    const { loadAgentSettings } = await agentConfig();
    const resolved = await loadAgentSettings({ flags: values });
    await serveAgent(resolved, (running) => {
      interrupts.take(() => void running.stop());
      void tell(running);
    });
    return 0;

    async function tell({ instanceId, endpoint }: { readonly instanceId: string; readonly endpoint: string }): Promise<void> {
      if (json) await writeJson(terminal.stdout, { instanceId, endpoint });
      else await writeLine(terminal.stdout, `berth serves as ${instanceId}, for local commands on ${endpoint}`);
    }
  },
});
