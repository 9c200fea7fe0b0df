/** All commands, in the order in which the help lists them. */
import type { Command } from '../command.js';
import { agent } from './agent.js';
import { app } from './app.js';
import { config } from './config.js';
import { cp } from './cp.js';
import { doctor } from './doctor.js';
import { down } from './down.js';
import { etcd } from './etcd.js';
import { exec } from './exec.js';
import { help } from './help.js';
import { images } from './images.js';
import { inspect } from './inspect.js';
import { kill } from './kill.js';
import { logs } from './logs.js';
import { ls } from './ls.js';
import { outputs } from './outputs.js';
import { pause } from './pause.js';
import { processes } from './processes.js';
import { ps } from './ps.js';
import { restart } from './restart.js';
import { resume } from './resume.js';
import { rm } from './rm.js';
import { run } from './run.js';
import { runs } from './runs.js';
import { services } from './services.js';
import { shell } from './shell.js';
import { status } from './status.js';
import { up } from './up.js';
import { version } from './version.js';

export const COMMANDS: readonly Command[] = [
  run,
  exec,
  shell,
  app,
  services,
  ps,
  inspect,
  runs,
  processes,
  kill,
  logs,
  cp,
  ls,
  outputs,
  pause,
  resume,
  restart,
  rm,
  up,
  down,
  status,
  doctor,
  agent,
  config,
  images,
  etcd,
  version,
  help,
];
