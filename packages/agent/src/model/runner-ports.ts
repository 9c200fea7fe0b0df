/** Ports of the kernel-runner of 2018 in its container (seed spec 9.1). */
export const RUNNER_PORTS = { commands: 2000, outputs: 2001, terminalInput: 2002, terminalOutput: 2003 } as const;
