/** What code in a sandbox reaches of the machine, of the runner and of other sessions: nothing. Each attempt is made, and must fail. */
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelId } from '@berth/wire';
import { createKernel, python, query, run, shell, type TestAgent } from '../support/agent.js';
import { describeWithBubblewrap, isRoot, startSandboxAgent } from '../support/sandbox.js';

/** Finds the runner from inside, by its command line; `attempt` tells whether something could be done. */
const HEAD = `
import ctypes, os, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
def runner():
    for pid in sorted(int(p) for p in os.listdir('/proc') if p.isdigit()):
        try: line = open('/proc/%d/cmdline' % pid, 'rb').read().split(b'\\0')
        except OSError: continue
        if b'/opt/berth/runner.mjs' in line: return pid
def attempt(fn):
    try: fn()
    except (OSError, TypeError): print('refused')
    else: print('WORKED')
def call(*arguments):
    if libc.syscall(*arguments) < 0: raise OSError(ctypes.get_errno(), 'refused')
pid = runner()
`;

/** `pid` is null where the runner cannot even be seen, and then nothing can be done to it by number. */
const AGAINST_THE_RUNNER: Record<string, string> = {
  'kill it': 'os.kill(pid, signal.SIGKILL)',
  'stop it': 'os.kill(pid, signal.SIGSTOP)',
  'trace it': 'call(101, 16, pid, 0, 0)',
  'read its memory': "open('/proc/%d/mem' % pid, 'rb')",
  'read its environment': "open('/proc/%d/environ' % pid, 'rb').read()",
  'list its descriptors': "os.listdir('/proc/%d/fd' % pid)",
  'go through its root': "os.listdir('/proc/%d/root/berth/run' % pid)",
  'make it the first to be killed for memory': "open('/proc/%d/oom_score_adj' % pid, 'w').write('1000')",
  'connect to its socket': "socket.socket(socket.AF_UNIX).connect('/berth/run/runner.sock')",
  'write its exit note': "open('/berth/run/exit.json', 'w')",
  'see its directory': "os.stat('/berth/run/runner.sock')",
  'change its program': "open('/opt/berth/runner.mjs', 'a')",
};

const AGAINST_THE_MACHINE: Record<string, string> = {
  'see the accounts': "open('/etc/shadow')",
  'see the keys of the machine': "os.listdir('/etc/ssh')",
  'see /var/lib': "os.listdir('/var/lib')",
  'reach the socket of Docker': "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
  'write to the root': "open('/x', 'w')",
  'write to /etc': "open('/etc/x', 'w')",
  'write to the programs': "open('/usr/bin/x', 'w')",
  'write to the carry': "open('/opt/berth/x', 'w')",
  'write to /dev': "open('/dev/x', 'w')",
  'change the kernel': "open('/proc/sys/kernel/core_pattern', 'w').write('x')",
  'freeze itself out of its limits': "open('/sys/fs/cgroup/memory/memory.limit_in_bytes', 'w')",
  'use virtual machines': "os.open('/dev/kvm', os.O_RDWR)",
  'read disks': "os.open('/dev/vda', os.O_RDONLY)",
  'read the memory of the machine': "os.open('/dev/mem', os.O_RDONLY)",
  'read the kernel log': "os.open('/dev/kmsg', os.O_RDONLY)",
  'make a device': "os.mknod('/home/work/disk', 0o60600, os.makedev(254, 0))",
  'become root': 'os.setuid(0)' + (isRoot ? '' : ' or os.setuid(1)'),
  'mount something': "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0 or call(-1)",
  'reach the metadata of a cloud': "socket.create_connection(('169.254.169.254', 80), 2)",
};

describeWithBubblewrap('code in a sandbox', () => {
  let node: TestAgent;
  let kernel: KernelId;
  let other: KernelId;
  beforeAll(async () => {
    process.env['BERTH_TEST_SECRET'] = 'do-not-tell';
    node = await startSandboxAgent();
    kernel = await createKernel(node.service, { image: 'host' });
    other = await createKernel(node.service, { image: 'host' });
    await run(node.service, other, shell('echo secret > file; echo secret > /tmp/file'));
  }, 60_000);
  afterAll(() => node.stop());

  const output = async (code: string, of = kernel) => (await run(node.service, of, python(HEAD + code))).stdout;

  for (const [what, code] of Object.entries(AGAINST_THE_RUNNER)) {
    it(`cannot ${what}, in a program or in a language session`, async () => {
      expect(await output(`attempt(lambda: ${code})`)).toBe('refused\n');
      const said = await run(node.service, kernel, query(`${HEAD}attempt(lambda: ${code})`));
      expect(said.stdout).toBe('refused\n');
    });
  }

  for (const [what, code] of Object.entries(AGAINST_THE_MACHINE)) {
    it(`cannot ${what}`, async () => {
      expect(await output(`attempt(lambda: ${code})`)).toBe('refused\n');
    });
  }

  it.skipIf(isRoot)('does not see the runner among its processes', async () => {
    expect(await output('print(pid)')).toBe('None\n');
  });

  it('has a user id of its own where the agent is root, else that of the agent', async () => {
    const uid = Number(await output('print(os.getuid())'));
    if (isRoot) expect(uid).toBeGreaterThanOrEqual(1_900_000_000);
    else expect(uid).toBe(process.getuid!());
  });

  it('has no capability, and can gain none', async () => {
    const status = await output("print(open('/proc/self/status').read())");
    expect(status).toMatch(/^CapPrm:\s0+$/m);
    expect(status).toMatch(/^CapAmb:\s0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s1$/m);
  });

  it('sees no home but its own, and no file of the node or of another session', async () => {
    const paths = [node.directory, join(node.directory, 'state'), join(node.directory, 'scratch', other)];
    expect(await output(`print(os.listdir('/home'), [p for p in ${JSON.stringify(paths)} if os.path.exists(p)])`)).toBe(
      "['work'] []\n",
    );
    expect(await output("print(os.listdir('/home/work'), os.listdir('/tmp'))")).not.toContain('file');
  });

  it('sees no process of another session, nor can signal one', async () => {
    await run(node.service, other, query('import time'));
    expect(await output("print(len([p for p in os.listdir('/proc') if p.isdigit()]) < 10)")).toBe('True\n');
    await output('os.kill(-1, signal.SIGKILL)');
    expect((await run(node.service, other, query('print("alive")'))).stdout).toBe('alive\n');
    expect((await run(node.service, kernel, query('print("alive")'))).stdout).toBe('alive\n');
  });

  it('finds no environment of the agent, in no process that it sees', async () => {
    const look = `
for p in os.listdir('/proc'):
    try: print(open('/proc/%s/environ' % p).read())
    except OSError: pass`;
    expect(await output(look)).not.toContain('do-not-tell');
  });

  it('sees its limits where libraries look for them, and how many processors there are', async () => {
    expect(Number(await output("print(len(os.listdir('/sys/devices/system/cpu')))"))).toBeGreaterThan(1);
    const limit =
      "[open(p).read().strip() for p in ('/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max') if os.path.exists(p)]";
    if (isRoot) expect(await output(`print(${limit})`)).toBe("['1073741824']\n");
  });

  it('has its standard streams and no other descriptor', async () => {
    expect(await output("print([n for n in range(100) if os.path.exists('/proc/self/fd/%d' % n)])")).toBe('[0, 1, 2]\n');
  });

  it('uncovers nothing in namespaces that it makes itself', async () => {
    const { stdout } = await run(
      node.service,
      kernel,
      shell(
        'unshare -Ur true 2>/dev/null && unshare -Urm sh -c "umount /berth; umount /proc; ls /berth/run" 2>/dev/null; echo end',
      ),
    );
    expect(stdout).toBe('end\n');
  });

  describe('and an abstract socket of the machine', () => {
    const name = `\0berth-test-${process.pid}`;
    let server: Server;
    beforeAll(async () => {
      server = createServer((socket) => socket.end()).listen({ path: name });
      await once(server, 'listening');
    });
    afterAll(() => void server.close());

    // Node fills the name up with zeros.
    const connect = `attempt(lambda: socket.socket(socket.AF_UNIX).connect('\\0berth-test-${process.pid}'.ljust(108, '\\0')))`;

    it('is out of reach without a network', async () => {
      expect(await output(connect)).toBe('refused\n');
    });

    it('is within reach on the network of the machine, as said in the documents', async () => {
      const shared = await createKernel(node.service, { image: 'host', network: 'host' });
      expect(await output(connect, shared)).toBe('WORKED\n');
      await node.service.destroyKernel(shared, { graceMs: 0 });
    });
  });

  it('leaves the scratch directory closed to other users of the machine', () => {
    expect(existsSync(join(node.directory, 'scratch', kernel, 'run-1', 'runner.sock'))).toBe(true);
    expect(readdirSync(join(node.directory, 'scratch'))).toContain(kernel);
  });
});
