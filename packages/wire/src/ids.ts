/** Identifiers. Each kind is branded, so that a run id cannot be passed where a session id is meant. */

declare const brand: unique symbol;
type Branded<Kind extends string> = string & { readonly [brand]: Kind };

/** What a user asks for; has one kernel on this node. 1 to 64 characters of `[A-Za-z0-9_.-]`, starting with a letter or digit. */
export type SessionId = Branded<'session'>;
/** One container or sandbox that runs for a session. Same alphabet as {@link SessionId}. */
export type KernelId = Branded<'kernel'>;
/** One execution in a kernel, chosen by whoever asks for it, so that asking twice starts it once. Same alphabet. */
export type RunId = Branded<'run'>;

/** The alphabet shared by all ids: safe as a file name, a container name and a URL segment. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** True if `text` may serve as an id. */
export function isId(text: unknown): text is string {
  return typeof text === 'string' && ID_PATTERN.test(text);
}

function fresh(length: number): string {
  return globalThis.crypto.randomUUID().replaceAll('-', '').slice(0, length);
}

/** A new session id of 12 hexadecimal digits. */
export const newSessionId = (): SessionId => fresh(12) as SessionId;
/** A new run id of 32 hexadecimal digits (the form that Backend.AI 1.4 clients use, seed spec 9.4). */
export const newRunId = (): RunId => fresh(32) as RunId;
