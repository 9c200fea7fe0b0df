/** What the container hook needs of the carry. */
export interface CarryMount {
  /** Directory on the host. */
  readonly path: string;
  /** Program and arguments that start the runner. */
  command(kernelId: string, incarnation: number): readonly string[];
}
