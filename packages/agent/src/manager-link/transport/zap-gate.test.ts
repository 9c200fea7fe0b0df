import { Dealer, Router, type Observer } from 'zeromq';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '@berth/base';
import { silentLogger } from '../../ports/logger.js';
import { createZapGate, isAllowed, parseNetworks, type ZapGate } from './zap-gate.js';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

async function gate(...allow: string[]): Promise<ZapGate> {
  const made = await createZapGate({ allow, logger: silentLogger });
  closing.push(() => made.close());
  return made;
}

interface Behind {
  readonly address: string;
  readonly first: Promise<string>;
  readonly handshakes: Observer;
}

async function failed(handshakes: Observer): Promise<string> {
  for await (const { type } of handshakes) if (type.startsWith('handshake:error')) return type;
  return 'the end';
}

/** A socket behind the gate that keeps what reaches it. */
async function behind({ socketOptions }: ZapGate): Promise<Behind> {
  const router = new Router({ ...socketOptions, linger: 0 });
  closing.push(() => router.close());
  const handshakes = router.events;
  await router.bind('tcp://127.0.0.1:*');
  const first = router.receive().then(([, word]) => String(word));
  first.catch(() => {});
  return { address: router.lastEndpoint!, first, handshakes };
}

async function say(address: string, word: string, from?: string): Promise<Dealer> {
  const dealer = new Dealer({ linger: 0 });
  closing.push(() => dealer.close());
  dealer.connect(from ? address.replace('tcp://', `tcp://${from}:0;`) : address);
  await dealer.send(word);
  return dealer;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => void systemClock.after(5, resolve));
}

describe('gate', () => {
  it('lets everybody in when no network is given', async () => {
    const open = await gate();
    const { address, first } = await behind(open);
    await say(address, 'anyone');
    expect(await first).toBe('anyone');
    expect(open.domain).toBe(undefined);
  });

  it('turns away who is not in a network, before a message is seen, and lets in who is', async () => {
    const strict = await gate('127.0.0.2/32');
    const { address, first } = await behind(strict);
    await say(address, 'stranger', '127.0.0.1');
    await until(() => strict.refused > 0);
    await say(address, 'friend', '127.0.0.2');
    expect(await first).toBe('friend');
  });

  it('is shut when its handler is closed', async () => {
    const strict = await gate('127.0.0.0/8');
    const { address, first, handshakes } = await behind(strict);
    strict.close();
    let seen: string | undefined;
    void Promise.race([first, failed(handshakes)]).then((word) => (seen = word));
    // ZeroMQ closes in the background: until then, a connection waits for an answer that never comes.
    while (!seen) {
      await say(address, 'late');
      await new Promise<void>((resolve) => void systemClock.after(50, resolve));
    }
    expect(seen).toBe('handshake:error:other');
  });

  it('stands beside another one in the same process', async () => {
    const [one, other] = [await gate('127.0.0.1'), await gate('127.0.0.2')];
    const [atOne, atOther] = [await behind(one), await behind(other)];
    await say(atOne.address, 'one', '127.0.0.1');
    await say(atOther.address, 'no', '127.0.0.1');
    await say(atOther.address, 'other', '127.0.0.2');
    expect(await Promise.all([atOne.first, atOther.first])).toEqual(['one', 'other']);
  });
});

describe('networks', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true],
    ['fd00::/8', 'fd12::1', true],
    ['fd00::/8', 'fe80::1', false],
    ['::/0', '10.0.0.1', true],
    ['0.0.0.0/0', '', false],
    ['0.0.0.0/0', 'localhost', false],
  ])('%s: %s is in it: %s', (network, address, inside) => {
    expect(isAllowed(parseNetworks([network]), address)).toBe(inside);
  });

  it.each(['', 'localhost', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/8/8', '10.0.0/8', '10.0.0.0/', '10.0.0.0/-1', '1.2.3.4/x'])(
    'refuses `%s` by name',
    (network) => {
      expect(() => parseNetworks(['10.0.0.0/8', network])).toThrow(
        expect.objectContaining({ code: 'bad-config', message: expect.stringContaining(`\`${network}\``) }),
      );
    },
  );
});
