import { describe, expect, it } from 'vitest';
import { complete } from './command.js';
import { COMMANDS } from './commands/index.js';
import { helpOf, overview } from './help.js';

describe('the help', () => {
  it('lists every command', () => {
    for (const { name, summary } of COMMANDS)
      expect(overview(COMMANDS, false)).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    'of %s has usage, every option, and examples',
    async (name, light) => {
      const command = await complete(light);
      const text = helpOf(command, false);
      expect(text).toContain(`berth ${command.usage[0]}`);
      for (const option of [...Object.keys(command.options), 'output', 'help']) expect(text).toContain(`--${option}`);
      expect(command.examples.length).toBeGreaterThan(0);
      for (const [line] of command.examples) expect(line.split(' ')[0]).toBe(name);
    },
  );

  it('is plain without colour', () => {
    // eslint-disable-next-line no-control-regex
    expect(overview(COMMANDS, false) + COMMANDS.map((command) => helpOf(command, false)).join('')).not.toMatch(/\u001b/);
    expect(overview(COMMANDS, true)).toContain('\u001b[1m');
  });
});
