// Makes a carry in a process of its own: node ensure-carry.mjs OPTIONS_AS_JSON
import { ensureCarry } from '@berth/carry';

await ensureCarry(JSON.parse(process.argv[2]));
