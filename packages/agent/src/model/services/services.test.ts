import { describe, expect, it } from 'vitest';
import type { RunView, ServiceMark } from '@berth/wire';
import { BUILT_IN_SERVICES } from './built-in.js';
import { completeDefinition, parseDefinition } from './definition.js';
import { knownServices, nextStart, serviceRunId, serviceView } from './known.js';
import { pathOf, planService } from './plan.js';
import { servicesOfLabel } from './ports-label.js';
import { render } from './template.js';

describe('the label of an image', () => {
  it.each<[string | undefined, readonly ServiceMark[]]>([
    [undefined, []],
    ['jupyter:http:8080', [{ name: 'jupyter', protocol: 'http', ports: [8080] }]],
    [
      'ssh:tcp:22,tb:http:[6006,6007], db:preopen:5432',
      [
        { name: 'ssh', protocol: 'tcp', ports: [22] },
        { name: 'tb', protocol: 'http', ports: [6006, 6007] },
        { name: 'db', protocol: 'preopen', ports: [5432] },
      ],
    ],
    ['term:pty:3002,bad name:http:80,zero:http:0,large:tcp:70000,good:tcp:1', [{ name: 'good', protocol: 'tcp', ports: [1] }]],
    [':::,,[', []],
  ])('%s', (label, services) => expect(servicesOfLabel(label)).toEqual(services));
});

describe('a template', () => {
  it.each([
    ['--port={ports[0]}', '--port=8080'],
    ['{{"a": {name}}}', '{"a": x}'],
    ['{out.path}/{ports[1]}', '/tmp/8081'],
  ])('%s', (template, text) => expect(render(template, { ports: [8080, 8081], name: 'x', out: { path: '/tmp' } })).toBe(text));

  it.each(['{ports}', '{ports[2]}', '{unknown}', '{name.field}', '{constructor}', '{out.toString.x}{out.missing}'])(
    '%s names what is not known',
    (template) => expect(() => render(template, { ports: [1, 2], name: 'x', out: { path: '/' } })).toThrow(/not known here/),
  );
});

const mark: ServiceMark = { name: 'web', protocol: 'http', ports: [8080] };
const facts = { mark, token: 'secret', runtimePath: '/usr/bin/python' };

describe('a definition', () => {
  const definition = completeDefinition({
    command: ['{runtime_path}', '-m', 'web', '--port', '{ports[0]}', '--config', '{config}'],
    prestart: [
      { action: 'mkdir', args: { path: "/tmp/it's" } },
      { action: 'write_tempfile', ref: 'config', args: { body: ['token={token}'] } },
      { action: 'run_command', args: { command: ['touch', '{config}'] } },
    ],
    env: { PORT: '{ports[0]}' },
    url_template: '{protocol}://{host}:{port}/lab?token={token}',
    allowed_envs: ['MODE'],
    allowed_arguments: ['--debug', '--paths'],
    default_arguments: { '--quiet': null, '--debug': '0' },
  });

  it('becomes a program: templates, what is done before, defaults, and what the caller adds', () => {
    const request = { arguments: { '--debug': '1', '--paths': ['a', 'b'] }, env: { MODE: 'x' } };
    const { build, ...program } = planService(definition, request, facts)!;
    const config = '/tmp/.service-web-1';
    expect(program).toEqual({
      argv: [
        '/usr/bin/python',
        '-m',
        'web',
        '--port',
        '8080',
        '--config',
        config,
        '--quiet',
        '--debug',
        '1',
        '--paths',
        'a',
        'b',
      ],
      env: { PORT: '8080', MODE: 'x' },
    });
    expect(build!.split('\n')).toEqual([
      'set -e',
      `mkdir -p -- '/tmp/it'\\''s'`,
      `rm -f -- ${config}`,
      `printf '%s\\n' 'token=secret' > ${config}`,
      `chmod 644 -- ${config}`,
      `'touch' '${config}'`,
    ]);
  });

  it('leads a browser to a path of ours, whatever host it names', () => {
    expect(pathOf(definition, facts)).toBe('/lab?token=secret');
    expect(pathOf({ url_template: '' }, facts)).toBe('/');
    expect(pathOf(definition, { ...facts, mark: { ...mark, protocol: 'tcp' } })).toBeNull();
  });

  it.each([
    [{ arguments: { '--root': null } }, /no argument "--root"/],
    [{ env: { LD_PRELOAD: 'x' } }, /no variable "LD_PRELOAD"/],
  ])('allows nothing that it does not name', (request, message) =>
    expect(() => planService(definition, request, facts)).toThrow(message),
  );

  it('of a service that needs no program starts none', () =>
    expect(planService(completeDefinition({ noop: true }), {}, facts)).toBeUndefined());

  it.each(['nonsense', '{"command": "x"}', '{"prestart": [{"action": "eval", "args": {}}]}'])('%s is refused', (text) =>
    expect(() => parseDefinition('web', text)).toThrow(/definition of service web cannot be used/),
  );

  it('of Berth makes a program and a path for each', () => {
    for (const { definition: own, ...service } of BUILT_IN_SERVICES) {
      const known = { mark: service, token: 'secret', runtimePath: undefined };
      expect(planService(own, {}, known)).toMatchObject({
        interpreter: 'python',
        argv: expect.arrayContaining(['-m']) as unknown,
      });
      expect(pathOf(own, known)).toMatch(/^\//);
    }
  });
});

describe('the services of a kernel', () => {
  const run = (name: string, start: number, more: Partial<RunView> = {}): RunView => ({
    runId: serviceRunId(name, start),
    mode: 'batch',
    state: 'running',
    lowest: 1,
    highest: 0,
    acknowledged: 0,
    finished: null,
    service: { name, protocol: 'http', ports: [9000] },
    ...more,
  });

  it('are those of Berth, of the image, and what was started, with its newest run', () => {
    const known = knownServices(
      [{ name: 'jupyter', protocol: 'http', ports: [8080] }],
      [run('own', 2), run('own', 1), run('jupyter', 1)],
    );
    expect(serviceView(known.get('own')!, '/')).toMatchObject({ origin: 'request', state: 'running', runId: 'service.own.2' });
    expect(known.get('jupyter')).toMatchObject({ origin: 'image', ports: [9000] });
    expect(serviceView(known.get('http-server')!, '/')).toMatchObject({ origin: 'built-in', state: 'available', runId: null });
  });

  it('are told apart from runs that only look like one', () =>
    expect(knownServices([], [run('own', 1, { runId: 'mine' as never })]).has('own')).toBe(false));

  it('start under a number that was not used', () => {
    expect(nextStart('own', [])).toBe(1);
    expect(nextStart('own', [run('own', 3), run('other', 9), run('own', 2)])).toBe(4);
  });
});
