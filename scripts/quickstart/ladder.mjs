// Which of four ways the story is told, from the best that there is. Pure: what was seen of the machine comes in.

/** How a distribution installs bubblewrap, by a word of ID or ID_LIKE in its /etc/os-release. */
const INSTALLERS = {
  debian: 'apt-get install bubblewrap',
  ubuntu: 'apt-get install bubblewrap',
  fedora: 'dnf install bubblewrap',
  rhel: 'dnf install bubblewrap',
  suse: 'zypper install bubblewrap',
  arch: 'pacman -S bubblewrap',
  alpine: 'apk add bubblewrap',
};

/** The command that installs bubblewrap, from the text of /etc/os-release; undefined where we know none. */
export function installerOf(osRelease) {
  const ids = osRelease.split('\n').flatMap((line) => /^ID(?:_LIKE)?=["']?(.*?)["']?$/.exec(line)?.[1].split(' ') ?? []);
  return INSTALLERS[ids.find((id) => Object.hasOwn(INSTALLERS, id))];
}

const DOCKER_BETTER = 'better: Docker, which runs any image (start it, or set DOCKER_HOST to its socket)';

/**
 * `seen`:
 * - `wanted`: `auto`, or the driver that BERTH_DRIVER names, from which nothing leads away;
 * - `image`: what BERTH_IMAGE names, or undefined;
 * - `docker`: `{ fault }` says why it cannot be used, or is undefined; `{ withPython }` is a local image of Python's own, or undefined;
 * - `sandbox`: undefined while it was not tried; `{ usable: true, unlimited }`; or `{ usable: false, missing, message, fix }`;
 * - `installer`: see {@link installerOf}; `root`: may install; `installTried`: once is enough.
 *
 * Answers `{ step, node, image, lines }`, where `node` has options of `berth up`, and `step` is one of
 * `docker-image`, `docker-host`, `sandbox`, `plain`: tell the story so, `lines` say why and what would be better;
 * `try-sandbox`, `install`: do this, then ask again; `lines` are said before.
 */
export function chooseStep(seen) {
  const { wanted, docker, sandbox } = seen;
  if (wanted === 'docker' || (wanted === 'auto' && docker.fault === undefined)) return onDocker(seen);
  if (sandbox === undefined) return { step: 'try-sandbox', lines: [] };
  if (sandbox.usable) return inSandbox(seen);
  if (mayInstall(seen)) return { step: 'install', lines: installing(seen) };
  return wanted === 'sandbox' ? inSandbox(seen) : plain(seen);
}

const mayInstall = ({ sandbox, root, installer, installTried }) =>
  sandbox.missing && root && !installTried && installer === INSTALLERS.debian;

function onDocker({ image, docker: { withPython } }) {
  const chosen = image ?? withPython;
  if (chosen !== undefined && chosen !== 'host')
    return {
      step: 'docker-image',
      node: ['--driver', 'docker'],
      image: chosen,
      lines: [`step 1 of 4: Docker, with the local image ${chosen}`],
    };
  const lines = [
    "step 2 of 4: Docker, with the built-in image host, which shows this machine's own programs",
    'better: an image with a Python of its own, which is for you to download (docker pull python:3-slim)',
  ];
  return { step: 'docker-host', node: ['--driver', 'docker'], image: 'host', lines };
}

/** Of images, only an unpacked one has a place here: an absolute path. */
function inSandbox({ wanted, image, docker, sandbox }) {
  const why = wanted === 'sandbox' ? 'as BERTH_DRIVER says' : `since Docker cannot be used (${docker.fault})`;
  const lines = [`step 3 of 4: a sandbox by bubblewrap, ${why}`, ...(sandbox.unlimited ?? []), DOCKER_BETTER];
  return { step: 'sandbox', node: ['--driver', 'sandbox'], image: image?.startsWith('/') ? image : 'host', lines };
}

const installing = ({ docker, installer }) => [
  `Docker cannot be used (${docker.fault}), and bubblewrap, which makes sandboxes, is missing`,
  `bubblewrap is installed now from this distribution: ${installer}`,
  'it stays; apt-get remove bubblewrap takes it away',
];

function plain({ docker, sandbox, root, installer }) {
  const command = installer === undefined ? undefined : `${root ? '' : 'sudo '}${installer}`;
  const lines = [
    'step 4 of 4: NO ISOLATION. THE PROGRAMS OF THIS DEMO RUN DIRECTLY ON THIS MACHINE, AS PLAIN PROCESSES OF',
    `${root ? 'A USER ID OF THEIR OWN' : 'YOUR USER'}, KEPT FROM NOTHING. A NODE DOES SO ONLY WHEN IT IS TOLD TO (--isolation none).`,
    `Docker cannot be used: ${docker.fault}`,
    `sandboxes cannot be made: ${sandbox.message}`,
    DOCKER_BETTER,
    `better: a sandbox (${(sandbox.missing && command) || sandbox.fix})`,
  ];
  return { step: 'plain', node: ['--isolation', 'none'], image: 'host', lines };
}
