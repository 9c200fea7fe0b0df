/** What the container hook needs of the carry. */
export interface CarryMount {
  /** Directory on the host. */
  readonly path: string;
  /** Host file that serves as /etc/hosts of kernels without network. */
  readonly hostsFile: string;
  /** Program and arguments that start the runner. */
  command(kernelId: string, incarnation: number): readonly string[];
}
