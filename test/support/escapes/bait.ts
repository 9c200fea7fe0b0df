/** Bait on the machine for those who snoop: what must not be found from inside is there to be found. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type ListenOptions, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Bait {
  /** What attempts are told of it. */
  readonly facts: object;
  remove(): Promise<void>;
}

/** The secret is in the environment of this process, and so of an agent within it. */
export async function layBait(): Promise<Bait> {
  const mark = `berth-bait-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const directory = mkdtempSync(join(tmpdir(), 'berth-bait-'));
  chmodSync(directory, 0o755);
  const bait = join(directory, 'secret');
  const home = join(directory, 'home');
  writeFileSync(bait, mark, { mode: 0o644 });
  mkdirSync(home, { mode: 0o755 });
  const secret = `${mark}-secret`;
  process.env['BERTH_TEST_SECRET'] = secret;
  const process_ = spawn('sleep', ['600'], { argv0: mark, stdio: 'ignore' });
  const script = fileURLToPath(new URL('bait.py', import.meta.url));
  const keeper = spawn('python3', [script, mark], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(keeper.stdout), 'line')) as [string];
  const socket = join(directory, 'service.sock');
  const servers = [await listen({ path: socket }), await listen({ port: 0, host: '127.0.0.1' })];
  chmodSync(socket, 0o777);
  const docker = process.env['BERTH_TEST_DOCKER_SOCKET'];
  return {
    facts: {
      ...(JSON.parse(line) as object),
      ...disks(),
      bait,
      homes: [home],
      secret,
      hostMark: mark,
      hostPid: process_.pid,
      sockets: [socket, ...(docker ? [docker] : [])],
      abstract: mark,
      port: (servers[1]!.address() as AddressInfo).port,
      passwd: readFileSync('/etc/passwd', 'utf8'),
      rootHome: listed('/root'),
      interfaces: Object.entries(networkInterfaces()).flatMap(([name, all]) =>
        all?.some(({ internal }) => !internal) ? [name] : [],
      ),
    },
    async remove() {
      delete process.env['BERTH_TEST_SECRET'];
      for (const server of servers) server.close();
      keeper.stdin.end();
      process_.kill('SIGKILL');
      await Promise.all([keeper, process_].map(ended));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
};

async function listen(options: ListenOptions): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => {}).end()).listen(options);
  await once(server, 'listening');
  return server;
}

function listed(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Where the disks of this machine are, and the numbers of one. */
function disks(): { readonly disks: string[]; readonly diskNumbers: number[] } {
  const names = listed('/sys/block');
  const numbers = names.map((name) => readFileSync(`/sys/block/${name}/dev`, 'utf8').trim().split(':').map(Number));
  return { disks: names.map((name) => `/dev/${name}`).filter((path) => existsSync(path)), diskNumbers: numbers[0] ?? [254, 0] };
}
