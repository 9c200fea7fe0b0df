import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fillDisk, itWithTinyDisk } from '../testing/tiny-disk.js';
import { JournalDamage, JournalFile, parseJournal } from './journal-file.js';

const ENTRIES = [
  { type: 'create', name: 'Grüße, 世界 🚢' },
  { type: 'container', id: 'a,"sum":"b' },
  { type: 'stop', at: 7 },
];

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'journal-'));
  path = join(directory, 'k.jsonl');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(entries: readonly unknown[], to = path): Promise<void> {
  const { journal } = await JournalFile.open(to, 'boot-1', () => 1000);
  for (const entry of entries) await journal.append(entry, { sync: false });
  await journal.close();
}

async function read(from = path): Promise<{ readonly entries: readonly unknown[]; readonly torn: boolean }> {
  const { lines, torn } = parseJournal(await readFile(from, 'utf8'));
  return { entries: lines.map((line) => line.entry), torn };
}

describe('a journal', () => {
  it('gives back what was appended, numbered, with boot and time', async () => {
    await write(ENTRIES);
    const { journal, content } = await JournalFile.open(path, 'boot-2');
    await journal.close();
    expect(content).toEqual({
      lines: ENTRIES.map((entry, index) => ({ seq: index + 1, boot: 'boot-1', at: 1000, entry })),
      torn: false,
      bytes: (await stat(path)).size,
    });
  });

  it('goes on where an earlier life stopped', async () => {
    await write(ENTRIES.slice(0, 1));
    await write(ENTRIES.slice(1));
    expect(await read()).toEqual({ entries: ENTRIES, torn: false });
  });

  it('is readable by its owner alone', async () => {
    await write(ENTRIES);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('gives back any JSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 4 }), async (entries) => {
        await rm(path, { force: true });
        await write(entries);
        expect(await read()).toEqual({ entries: JSON.parse(JSON.stringify(entries)), torn: false });
      }),
      { numRuns: 30 },
    );
  });
});

describe('a journal cut at any byte', () => {
  it('keeps all earlier lines, drops the torn one, and takes appends again', async () => {
    await write(ENTRIES);
    const whole = await readFile(path);
    const ends = [...whole.keys()].filter((i) => whole[i] === 0x0a).map((i) => i + 1);
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      const kept = ends.filter((end) => end <= length).length;
      const { journal, content } = await JournalFile.open(path, 'boot-1');
      const torn = length !== (ends[kept - 1] ?? 0);
      expect([content.lines.length, content.torn], `cut at ${length}`).toEqual([kept, torn]);
      await journal.append('next', { sync: false });
      await journal.close();
      expect(await read(), `cut at ${length}`).toEqual({ entries: [...ENTRIES.slice(0, kept), 'next'], torn: false });
    }
  });

  it('also where the disk holds garbage for the torn line', async () => {
    for (const garbage of ['\0\0\0\0', '\n', '\0\n', '{"v":1}\n']) {
      await rm(path, { force: true });
      await write(ENTRIES.slice(0, 1));
      const handle = await open(path, 'a');
      await handle.appendFile(garbage);
      await handle.close();
      await write(['next']);
      expect(await read(), JSON.stringify(garbage)).toEqual({ entries: [ENTRIES[0], 'next'], torn: false });
    }
  });

  it('also where nothing but a torn first line was written', async () => {
    for (const garbage of ['{', '\n', '\0\n']) {
      await writeFile(path, garbage);
      await write(['first']);
      expect(await read(), JSON.stringify(garbage)).toEqual({ entries: ['first'], torn: false });
    }
  });
});

describe('a damaged journal', () => {
  it('is refused at any flipped byte before the last line', async () => {
    await write(ENTRIES);
    const whole = await readFile(path);
    // Up to the newline before the last line: without that one the last two are one torn line.
    const end = whole.lastIndexOf('\n', whole.length - 2);
    for (let at = 0; at < end; at++) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0x01;
      expect(() => parseJournal(bytes.toString('utf8')), `byte ${at}`).toThrow(JournalDamage);
    }
  });

  it('is refused when a line is missing, doubled or swapped', async () => {
    await write(ENTRIES);
    const [a, b, c] = (await readFile(path, 'utf8')).split(/(?<=\n)/) as [string, string, string];
    for (const text of [b + c, a + c, a + a + b, a + c + b]) expect(() => parseJournal(text)).toThrow(JournalDamage);
  });

  it('is not touched', async () => {
    await write(ENTRIES);
    const bytes = await readFile(path);
    bytes[10]! ^= 0x01;
    await writeFile(path, bytes);
    await expect(JournalFile.open(path, 'boot-1')).rejects.toThrow(JournalDamage);
    expect(await readFile(path)).toEqual(bytes);
  });

  it('is one whose version is unknown, even in the last line', async () => {
    // A whole line of version 2, with a right checksum.
    const line = '{"v":2,"seq":1,"boot":"b","at":1,"entry":{},"sum":"cb0738ed2c05197e"}\n';
    expect(() => parseJournal(line)).toThrow('journal format 2 is not known');
  });
});

describe('a full disk', () => {
  itWithTinyDisk('refuses the append, and leaves the journal readable and usable', async (disk) => {
    const onDisk = join(disk, 'k.jsonl');
    const { journal } = await JournalFile.open(onDisk, 'boot-1');
    await journal.append('before', { sync: true });
    const free = await fillDisk(disk);
    let appended = 0;
    const fill = async (): Promise<void> => {
      for (;;) {
        await journal.append('x'.repeat(3000), { sync: true });
        appended += 1;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await read(onDisk)).toMatchObject({ entries: { length: 1 + appended }, torn: false });
    await free();
    await journal.append('after', { sync: true });
    await journal.close();
    expect((await read(onDisk)).entries.at(-1)).toBe('after');
  });
});
