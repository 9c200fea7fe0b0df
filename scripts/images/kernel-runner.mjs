// What a kernel image of 2018 adds to Debian: the real kernel-runner of PyPI, an entrypoint, a preload library that does nothing.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from './run.mjs';

/** Raised when this recipe changes. */
const RECIPE = '1';
/** What the runner imports, all pinned: it asks for versions of 2018, which do not exist for this Python. */
const PACKAGES = [
  'backend.ai-kernel-runner==1.4.2',
  'backcall==0.2.0',
  'decorator==5.1.1',
  'ipython==7.34.0',
  'janus==1.0.0',
  'jedi==0.19.1',
  'matplotlib-inline==0.1.7',
  'msgpack==1.1.0',
  'namedlist==1.8',
  'parso==0.8.4',
  'pexpect==4.9.0',
  'prompt_toolkit==3.0.47',
  'ptyprocess==0.7.0',
  'pickleshare==0.7.5',
  'pygments==2.18.0',
  'pyzmq==26.2.0',
  'setuptools==75.1.0',
  'six==1.16.0',
  'traitlets==5.14.3',
  'typing_extensions==4.12.2',
  'wcwidth==0.2.13',
];
/** Python of the Debian image, which is not that of this machine. */
const PYTHON = ['--python-version', '3.11', '--implementation', 'cp', '--only-binary', ':all:'];
const PLATFORM = { x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? process.arch;

/** Configuration of the image for one language of the runner; `features` as its label has them. */
export const kernelImageChanges = (language, features) => [
  'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'ENV LD_PRELOAD=/home/backend.ai/libbaihook.so',
  'WORKDIR /home/work',
  'VOLUME /home/work',
  'EXPOSE 2000 2001 2002 2003',
  'ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]',
  `CMD ["/usr/bin/python3", "/home/backend.ai/start.py", "${language}"]`,
  `LABEL ai.backend.features="${features}" ai.backend.envs.corecount="OPENBLAS_NUM_THREADS,OMP_NUM_THREADS,NPROC"`,
  'LABEL ai.backend.timeout=0 ai.backend.version=1',
];

/**
 * Archive of Debian with the runner. What pip fetched is kept in `cache`; `recipes` is the directory of the recipes.
 *
 * @param {{ recipes: string, work: string, cache: string, debian: string }} places
 */
export function kernelRunnerArchive({ recipes, work, cache, debian }) {
  const layer = join(cache, `kernel-runner-1.4.2-${RECIPE}-${PLATFORM}.tar`);
  if (!existsSync(layer)) {
    const root = makeLayer(recipes, join(work, 'kernel-runner'));
    // Without directories that Debian has as well: Docker takes no archive in which a path comes twice.
    const list = join(work, 'kernel-runner.list');
    writeFileSync(list, [...filesBelow(root), 'home/work', ''].join('\n'));
    run('tar', ['--owner=0', '--group=0', '--no-recursion', '-cf', `${layer}.part`, '-C', root, '-T', list]);
    renameSync(`${layer}.part`, layer);
  }
  const archive = join(work, 'kernel-runner.tar');
  cpSync(debian, archive);
  run('tar', ['--concatenate', `--file=${archive}`, layer]);
  return archive;
}

const filesBelow = (root) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));

function makeLayer(recipes, root) {
  const library = join(root, 'usr', 'local', 'lib', 'python3.11', 'dist-packages');
  const programs = join(root, 'usr', 'local', 'bin');
  const home = join(root, 'home', 'backend.ai');
  for (const directory of [library, programs, home, join(root, 'home', 'work')]) mkdirSync(directory, { recursive: true });
  const platforms = ['manylinux2014', 'manylinux_2_28'].flatMap((name) => ['--platform', `${name}_${PLATFORM}`]);
  run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', ...PYTHON, ...platforms, '--target', library, ...PACKAGES]);
  for (const left of ['bin', 'share']) rmSync(join(library, left), { recursive: true, force: true });
  cpSync(join(recipes, 'kernel-runner', 'start.py'), join(home, 'start.py'));
  cpSync(join(recipes, 'kernel-runner', 'entrypoint.sh'), join(programs, 'entrypoint.sh'));
  chmodSync(join(programs, 'entrypoint.sh'), 0o755);
  symlinkSync('/usr/bin/python3', join(programs, 'python'));
  // The runner preloads it into every child whether it is there or not, and the loader complains about one that is not.
  const nothing = join(root, 'nothing.c');
  writeFileSync(nothing, 'int berth_nothing;\n');
  run('musl-gcc', ['-shared', '-fPIC', '-nostdlib', '-o', join(home, 'libbaihook.so'), nothing]);
  rmSync(nothing);
  return root;
}
