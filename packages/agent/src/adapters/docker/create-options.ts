/** What goes into the options of a container, and what comes out. */
import type Docker from 'dockerode';

/** What must be known of the image, since it would otherwise shape the container. */
export interface ImageConfig {
  readonly env: readonly string[];
  /** Paths of its VOLUME statements. */
  readonly volumes: readonly string[];
  /** Entrypoint and command. */
  readonly command?: readonly string[];
}

/** With what the types of dockerode leave out. */
export type CreateOptions = Docker.ContainerCreateOptions & {
  readonly HostConfig: Docker.HostConfig & { readonly CgroupnsMode: string };
};
