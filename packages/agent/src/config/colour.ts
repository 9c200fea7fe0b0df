/** Whether what goes to standard error may have colours: somebody looks at it, and did not say no (NO_COLOR). */
export const wantsColour = (env: Readonly<Record<string, string | undefined>> = process.env): boolean =>
  process.stderr.isTTY === true && !env['NO_COLOR'];
