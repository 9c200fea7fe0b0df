/** Services that Berth can start in any image that has the program. */
import type { ServiceMark } from '@berth/wire';
import { completeDefinition, type ServiceDefinition } from './definition.js';

export interface BuiltInService extends ServiceMark {
  readonly definition: ServiceDefinition;
}

/** Both take the same options. The token keeps out who can reach the port but has no business there. */
const jupyter = (name: string, module: string, port: number, path: string): BuiltInService => ({
  name,
  protocol: 'http',
  ports: [port],
  definition: completeDefinition({
    command: [
      ...['{runtime_path}', '-m', module, '--no-browser', '--ServerApp.ip=127.0.0.1', '--ServerApp.port={ports[0]}'],
      // Another port than the one that is waited for is of no use.
      '--ServerApp.port_retries=0',
    ],
    env: { JUPYTER_TOKEN: '{token}' },
    url_template: `${path}?token={token}`,
    allowed_arguments: ['--ServerApp.root_dir', '--ServerApp.allow_remote_access', '--ServerApp.allow_origin', '--debug'],
    allowed_envs: ['JUPYTER_PATH', 'JUPYTER_CONFIG_DIR', 'PYTHONPATH'],
  }),
});

export const BUILT_IN_SERVICES: readonly BuiltInService[] = [
  jupyter('jupyter', 'jupyter_server', 8888, '/'),
  jupyter('jupyterlab', 'jupyterlab', 8889, '/lab'),
  {
    name: 'http-server',
    protocol: 'http',
    ports: [8000],
    definition: completeDefinition({
      command: ['{runtime_path}', '-m', 'http.server', '--bind', '127.0.0.1', '{ports[0]}'],
      url_template: '/',
      allowed_arguments: ['--directory'],
    }),
  },
];
