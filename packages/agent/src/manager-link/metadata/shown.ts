/** Keys and changes for people to read. */
import type { Change, ImportPlan } from './plan.js';

/** The value, but for what looks like a password. */
export function maskedValue(key: string, value: string): string {
  if (/(^|\/)(password|secret|secret_key)$/i.test(key)) return '***';
  return value.replace(/\b(password|passwd|pass|secret|token)=[^,\s]*/gi, '$1=***');
}

/** The same on one line. */
export function shownValue(key: string, value: string): string {
  const plain = maskedValue(key, value);
  return /^[\x21-\x7e]+$/.test(plain) ? plain : JSON.stringify(plain);
}

/** `+ key = value`, `~ key = value (was value)`, `- key (was value)`. */
export function shownChange({ key, before, after }: Change): string {
  if (after === null) return `- ${key} (was ${shownValue(key, before!)})`;
  const now = `${key} = ${shownValue(key, after)}`;
  return before === null ? `+ ${now}` : `~ ${now} (was ${shownValue(key, before)})`;
}

/** `3 added, 1 changed, 0 removed, 40 unchanged` */
export function shownCounts({ changes, unchanged }: ImportPlan): string {
  const count = (isSo: (change: Change) => boolean) => changes.filter(isSo).length;
  const added = count(({ before }) => before === null);
  const removed = count(({ after }) => after === null);
  return `${added} added, ${changes.length - added - removed} changed, ${removed} removed, ${unchanged} unchanged`;
}
