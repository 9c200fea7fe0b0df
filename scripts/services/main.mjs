// Starts real servers for tests, runs a command with their addresses in its environment, then stops them and removes
// everything they made. A service whose variables are already set is taken as given and left alone.
import { runCommand, signalExit, stopSignal } from '../run-command.mjs';
import { installMissing, requirePrograms } from './packages.mjs';
import { claimPlace, clearLeftovers, clearPlace } from './place.mjs';
import { SERVICES } from './table.mjs';

const USAGE = 'usage: scripts/test-services run -- COMMAND [ARGUMENT...]';
const say = (line) => process.stderr.write(`test-services: ${line}\n`);

/** Answers the exit code: the command's own, or 1 when a service is missing that BERTH_REQUIRE_SERVICES=1 wants. */
export async function main([verb, dashes, ...command]) {
  if (verb !== 'run' || dashes !== '--' || command.length === 0) {
    say(USAGE);
    return 64;
  }
  preparePath();
  const stop = stopSignal();
  await clearLeftovers();
  const places = [];
  const skipped = [];
  let code;
  try {
    const environment = await startAll(places, skipped, stop);
    code = stop.aborted ? signalExit(stop.reason) : await runCommand(command, { stop, env: { ...process.env, ...environment } });
  } finally {
    for (const place of places.reverse()) await clearPlace(place);
  }
  for (const line of skipped) say(`skipped ${line}`);
  if (process.env.BERTH_REQUIRE_SERVICES !== '1' || skipped.length === 0) return code;
  say('BERTH_REQUIRE_SERVICES=1, so a skipped service is a failure');
  return code === 0 ? 1 : code;
}

function preparePath() {
  // An ordinary user's PATH, and that of some job runners, lacks the folders that hold daemons.
  process.env.PATH = `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`;
  // It costs every Node that a test starts 50 ms, and no test speaks to the world.
  delete process.env.NODE_EXTRA_CA_CERTS;
}

/** Starts every service that is not given; answers the variables for the command, and says what could not be had. */
async function startAll(places, skipped, stop) {
  const environment = {};
  const wanted = SERVICES.filter((service) => !service.variables.every((name) => process.env[name]));
  const needs = wanted.flatMap((service) => service.needs);
  await installMissing(needs, say);
  for (const service of wanted) {
    if (stop.aborted) break;
    try {
      requirePrograms(service.needs);
      const place = claimPlace(service.name);
      places.push(place);
      Object.assign(environment, await service.start(place, { say, signal: stop }));
    } catch (error) {
      if (!stop.aborted) skipped.push(`${service.name}: ${error.message}`);
    }
  }
  return environment;
}
