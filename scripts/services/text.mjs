/** Last line of a program's output that is not empty, or undefined. */
export const lastLine = (text) => (text ?? '').trim().split('\n').filter(Boolean).at(-1);
