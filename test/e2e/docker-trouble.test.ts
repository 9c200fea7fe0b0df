/** A Docker Engine that is slow, talks nonsense, loses and doubles events, and people who take things away behind the agent's back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { completeKernelSpec, isBerthError, newSessionId, type KernelId } from '@berth/wire';
import { MeddlingDocker, type Fault } from '../../packages/agent/testing/meddling-docker.js';
import { createKernel, run, shell, startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

const ANY = /./;
const CREATE = /^\/containers\/create$/;
const LIST = /^\/containers\/json$/;
const INSPECT = /^\/containers\/[^/]+\/json$/;
const START = /\/start$/;
const CONTAINER = /^\/containers\/[^/]+$/;
const EVENTS = /^\/events$/;

describeWithDocker('a Docker Engine in trouble', (docker) => {
  const engine = new Docker({ socketPath: docker.socketPath });
  const image = docker.images.musl;
  let directory: string;
  let proxy: MeddlingDocker;
  let node: TestAgent;
  let steady: KernelId;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-trouble-'));
    const socketPath = join(directory, 'docker.sock');
    proxy = await MeddlingDocker.start(socketPath, docker.socketPath);
    node = await startTestAgent({ ...docker, socketPath });
    steady = await createKernel(node.service, { image });
  }, 60_000);
  afterEach(() => (proxy.meddling = {}));
  afterAll(async () => {
    await node?.stop();
    await proxy?.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** The first `times` requests whose path fits have the fault. */
  const trouble = (on: RegExp, fault: Fault, times = Infinity): void => {
    proxy.meddling = { fault: (_method, path) => (on.test(path) && times-- > 0 ? fault : undefined) };
  };
  const wish = () => {
    const sessionId = newSessionId();
    return { kernelId: sessionId as string as KernelId, sessionId, spec: completeKernelSpec({ image }) };
  };
  const containersOf = async (kernel: KernelId) => {
    const listed = await engine.listContainers({ all: true });
    return listed.filter(({ Names }) => Names.some((name) => name.startsWith(`/berth-${kernel}-`))).map(({ State }) => State);
  };
  const works = async (kernel: KernelId) => {
    expect((await run(node.service, kernel, shell('echo here'))).stdout).toBe('here\n');
    expect(node.service.getKernel(kernel)).toMatchObject({ phase: 'running', reason: null });
  };
  const endOf = async (kernel: KernelId) => {
    await expect.poll(() => node.service.getKernel(kernel).phase, { timeout: 15_000 }).toBe('terminated');
    return node.service.getKernel(kernel);
  };

  it('that is slow makes sessions slowly, and takes them away', async () => {
    trouble(ANY, { afterMs: 150 });
    const kernel = await createKernel(node.service, { image });
    await works(kernel);
    await node.service.destroyKernel(kernel, { graceMs: 0 });
    expect(await containersOf(kernel)).toEqual([]);
  }, 30_000);

  it.each<[string, RegExp, Fault, RegExp]>([
    [
      'does not start a container',
      START,
      { refuse: 500, body: '{"message":"no more interfaces"}' },
      /^create-failed: starting the container failed: no more interfaces$/,
    ],
    [
      'has no room',
      CREATE,
      { refuse: 500, body: '{"message":"mkdir /x: no space left on device"}' },
      /^create-failed: creating the container failed: mkdir \/x: no space left on device$/,
    ],
    [
      'talks nonsense about images',
      /^\/images\//,
      { refuse: 200, body: '[]' },
      /^driver-unavailable: looking up the image .+ failed: what came is no answer of Docker$/,
    ],
  ])('that %s: one clear error, and nothing is left', async (_what, on, fault, told) => {
    trouble(on, fault);
    const request = wish();
    const error = await node.service.createKernel(request).catch((thrown: unknown) => thrown);
    expect(isBerthError(error) ? `${error.code}: ${error.message}` : error).toMatch(told);
    expect(await containersOf(request.kernelId)).toEqual([]);
    proxy.meddling = {};
    await works(steady);
  });

  it('whose answer to a creation is lost in nonsense has made it all the same: it is found, and used', async () => {
    trouble(CREATE, { garble: '<html>busy</html>' });
    const { kernelId } = await node.service.createKernel(wish());
    await works(kernelId);
    expect(await containersOf(kernelId)).toEqual(['running']);
    await node.service.destroyKernel(kernelId, { graceMs: 0 });
  });

  it('that talks nonsense about containers is away, and ends no session', async () => {
    proxy.meddling = {
      fault: (_method, path) =>
        LIST.test(path) ? { garble: '{"message":"out of order"}' } : INSPECT.test(path) ? { garble: 'nonsense' } : undefined,
    };
    // A break of the events is a reason to look at once.
    proxy.cut();
    await expect.poll(() => node.agent.driver.state().ok, { timeout: 15_000 }).toBe(false);
    expect(node.agent.driver.state().detail).toMatch(/^listing containers failed: what came is no answer of Docker\. Look at/);
    expect((await run(node.service, steady, shell('echo through'))).stdout).toBe('through\n');
    proxy.meddling = {};
    await expect.poll(() => node.agent.driver.state().ok, { timeout: 15_000 }).toBe(true);
    await works(steady);
  }, 60_000);

  it('that tells each event twice, and of a removal that it is in progress', async () => {
    proxy.meddling = { fault: (_method, path) => (EVENTS.test(path) ? 'twice' : undefined) };
    await node.restart();
    let busy = 3;
    proxy.meddling = {
      fault: (method, path) =>
        method === 'DELETE' && CONTAINER.test(path) && busy-- > 0
          ? { refuse: 409, body: '{"message":"removal of container is already in progress"}' }
          : undefined,
    };
    const kernel = await createKernel(node.service, { image });
    await works(kernel);
    await node.service.destroyKernel(kernel, { graceMs: 0 });
    expect(busy).toBeLessThan(0);
    expect(await containersOf(kernel)).toEqual([]);
    expect(node.service.getKernel(kernel)).toMatchObject({ phase: 'terminated', reason: 'user-requested' });
  }, 30_000);

  it('that tells of nothing at all: the end of a container is seen all the same', async () => {
    trouble(EVENTS, 'swallow');
    await node.restart();
    const kernel = await createKernel(node.service, { image });
    await engine.getContainer(node.service.getKernel(kernel).containerId!).remove({ force: true });
    expect(await endOf(kernel)).toMatchObject({ reason: expect.stringMatching(/^(container|runner)-lost$/) as string });
    await works(steady);
  }, 40_000);

  it('from which somebody removes a container, and the name of its image: one session ends, with the reason', async () => {
    const kernel = await createKernel(node.service, { image });
    const other = await createKernel(node.service, { image });
    const alias = `berth-test/gone-${process.pid}`;
    await engine.getImage(image).tag({ repo: alias, tag: '1' });
    const named = await createKernel(node.service, { image: `${alias}:1` });
    await engine.getImage(`${alias}:1`).remove();
    await engine.getContainer(node.service.getKernel(kernel).containerId!).remove({ force: true });
    expect((await endOf(kernel)).reason).toMatch(/^(container|runner)-lost$/);
    await works(other);
    await works(named);
    for (const id of [other, named]) await node.service.destroyKernel(id, { graceMs: 0 });
  }, 30_000);

  it('where the name of a container is taken by somebody: an error that names it, and theirs stays', async () => {
    const request = wish();
    const name = `berth-${request.kernelId}-1`;
    const theirs = await engine.createContainer({ Image: image, Cmd: ['true'], name });
    try {
      await expect(node.service.createKernel(request)).rejects.toMatchObject({
        code: 'create-failed',
        message: expect.stringContaining(name) as string,
        fields: { name, containerId: theirs.id },
      });
      expect((await theirs.inspect()).State.Status).toBe('created');
    } finally {
      await theirs.remove({ force: true });
    }
  });
});
