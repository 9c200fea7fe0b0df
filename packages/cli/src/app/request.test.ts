import { describe, expect, it } from 'vitest';
import { planApp, type AppWords } from './request.js';

const words = (name: string, more: Partial<AppWords> = {}): AppWords => ({
  name,
  kernelPort: undefined,
  args: [],
  env: [],
  command: undefined,
  ...more,
});

describe('what berth app is asked for', () => {
  it.each([
    ['a port', words('8080'), { service: undefined, target: { port: 8080 } }],
    ['a service', words('jupyter'), { service: { name: 'jupyter' }, target: { service: 'jupyter' } }],
    [
      'a service with its arguments',
      words('jupyter', { kernelPort: '9', args: ['--debug', '--path=a', '--path=b', '--one=1'], env: ['A=b=c'] }),
      {
        service: {
          name: 'jupyter',
          port: 9,
          arguments: { '--debug': null, '--path': ['a', 'b'], '--one': '1' },
          env: { A: 'b=c' },
        },
        target: { service: 'jupyter' },
      },
    ],
    [
      'a program on a port',
      words('8080', { command: ['x'] }),
      { service: { name: 'port-8080', port: 8080, command: ['x'] }, target: { service: 'port-8080' } },
    ],
  ])('%s', (_what, given, plan) => expect(planApp(given)).toEqual(plan));

  it.each([
    [words('70000'), /70000 is no port/],
    [words('x', { kernelPort: '0' }), /--kernel-port is "0"/],
    [words('x', { env: ['A'] }), /--env is "A"/],
    [words('80', { args: ['--debug'] }), /a port takes no --arg/],
    [words('x', { command: [] }), /needs a command after --/],
    [words('x', { command: ['y'] }), /needs --kernel-port/],
  ])('%# says what is wrong', (given, message) => expect(planApp(given)).toMatch(message));
});
