/** All checks that need no session, in the order in which they are told. */
import * as cluster from './checks/cluster.js';
import { clock } from './checks/clock.js';
import * as docker from './checks/docker.js';
import { socket } from './checks/docker-socket.js';
import { holder, scratchRoot } from './checks/holder.js';
import { images } from './checks/images.js';
import * as machine from './checks/machine.js';
import * as places from './checks/places.js';
import * as ports from './checks/ports.js';
import * as process from './checks/process.js';
import * as sandbox from './checks/sandbox.js';
import type { DoctorContext } from './context.js';
import type { Check } from './finding.js';

/** Left out where it has nothing to say: without Docker, for a node with isolation or without a manager. */
export type StaticCheck = Check<DoctorContext> & { readonly needs?: 'docker' | 'sandbox' | 'plain' | 'manager' };

export const CHECKS: readonly StaticCheck[] = [
  docker.engine,
  socket,
  docker.storage,
  places.dockerRoot,
  docker.liveRestore,
  docker.groups,
  docker.security,
  docker.userNamespaces,
  docker.rootless,
  docker.warnings,
  ...images,
  sandbox.bubblewrap,
  sandbox.limits,
  sandbox.isolation,
  sandbox.userNamespaces,
  machine.kernel,
  machine.cgroups,
  machine.modules,
  machine.container,
  machine.gpu,
  clock,
  process.node,
  process.ulimits,
  process.capabilities,
  places.data,
  places.scratch,
  scratchRoot,
  places.sync,
  holder,
  ports.gateway,
  ports.rpc,
  ports.terminals,
  cluster.etcd,
  cluster.manager,
  cluster.redis,
  cluster.folders,
];
