/** For each language an image that has its interpreter. */
import { LANGUAGES, type Language } from '@berth/wire';
import { isUsable, type DoctorContext } from '../context.js';
import { check, green, yellow, type Check } from '../finding.js';
import { findExecutable } from '../look.js';

export interface ImageFacts {
  /** In this machine's own programs, which the image `host` shows. */
  readonly host: string | undefined;
  /** References of local images. */
  readonly references: readonly string[];
}

interface Wanted {
  readonly programs: readonly string[];
  /** How images call themselves that have it. */
  readonly named: RegExp;
  /** Where to get it. */
  readonly fix: string;
}

const WANTED: Readonly<Record<Exclude<Language, 'node'>, Wanted>> = {
  python: {
    programs: ['python3', 'python'],
    named: /(^|[/\-_])(python|pypy|jupyter|tensorflow|pytorch)/i,
    fix: '`apt-get install python3` (or that of your distribution) for the image `host`, or `docker pull python:3-slim`.',
  },
  bash: {
    programs: ['bash'],
    named: /(^|[/\-_])(bash|debian|ubuntu|fedora|python|node)(:|$)/i,
    fix: '`apt-get install bash` (or that of your distribution) for the image `host`, or `docker pull debian:12-slim`.',
  },
};

export const judgeImages =
  (language: keyof typeof WANTED) =>
  ({ host, references }: ImageFacts) => {
    const named = references.filter((reference) => WANTED[language].named.test(reference));
    const more = named.length > 0 ? `; by their names also ${shortened(named)}` : '';
    if (host !== undefined) return green(`${host} in the image host${more}`);
    if (named.length > 0) return green(`not in the image host; by their names in ${shortened(named)}`);
    return yellow(`no ${language} in the image host, and no local image that has it in its name`, WANTED[language].fix);
  };

const shortened = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

async function look(context: DoctorContext, programs: readonly string[]): Promise<ImageFacts> {
  return {
    host: await findExecutable(programs),
    references: isUsable(context.drivers, 'docker') ? await references(context) : [],
  };
}

async function references({ settings }: DoctorContext): Promise<string[]> {
  const { DockerDriver } = await import('../../../adapters/docker/index.js');
  const listed = await new DockerDriver(settings.docker).listImages().catch(() => []);
  return listed.flatMap((image) => image.references).sort();
}

export const images: readonly Check<DoctorContext>[] = LANGUAGES.map((language) => {
  const entry = { id: `images.${language}`, group: 'images', title: `an image that runs ${language}` } as const;
  if (language === 'node')
    return check(
      entry,
      async (_context: DoctorContext) => process.versions.node,
      (version) => green(`every image: Node.js ${version} comes with Berth`),
    );
  return check(entry, (context: DoctorContext) => look(context, WANTED[language].programs), judgeImages(language));
});
