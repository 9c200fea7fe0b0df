/** Just enough ELF to tell a static program from a dynamic one. Source: System V ABI, chapters 4 and 5; little and big endian, 32 and 64 bits. */
import { open } from 'node:fs/promises';

const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const PT_INTERP = 3;
/** Program headers lie behind the file header in every linker's output; a page holds many more than any program has. */
const HEAD_BYTES = 4096;

/** Path of the loader that the program asks for; null for a static program; undefined when it is no ELF file. Pure. */
export function interpreterOf(head: Buffer): string | null | undefined {
  if (head.length < 64 || !head.subarray(0, 4).equals(MAGIC)) return undefined;
  const wide = head[4] === 2;
  const little = head[5] === 1;
  const u16 = (at: number) => (little ? head.readUInt16LE(at) : head.readUInt16BE(at));
  const u32 = (at: number) => (little ? head.readUInt32LE(at) : head.readUInt32BE(at));
  const word = (at: number) => (wide ? Number(little ? head.readBigUInt64LE(at) : head.readBigUInt64BE(at)) : u32(at));
  const tableAt = word(wide ? 32 : 28);
  const entrySize = u16(wide ? 54 : 42);
  const entries = u16(wide ? 56 : 44);
  for (let i = 0; i < entries; i++) {
    const entry = tableAt + i * entrySize;
    if (entry + entrySize > head.length) return undefined;
    if (u32(entry) !== PT_INTERP) continue;
    const from = word(entry + (wide ? 8 : 4));
    const size = word(entry + (wide ? 32 : 16));
    if (size < 2 || from + size > head.length) return undefined;
    return head.toString('latin1', from, from + size - 1);
  }
  return null;
}

/** {@link interpreterOf} of a file. Rejects with the file system's error. */
export async function readInterpreter(path: string): Promise<string | null | undefined> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return interpreterOf(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}
