/** What the name of a kernel says about its language, and what `*` means there for `build` and `exec` (seed spec 9.2). Pure data. */
import type { Language } from '@berth/wire';

/** Shell commands; the empty text does nothing. */
interface Heuristics {
  readonly build: string;
  readonly exec: string;
}

const missing = (what: string) => `echo 'There is no ${what} to run.' >&2; exit 127`;
const script = (interpreter: string, ...names: readonly string[]): Heuristics => ({
  build: '',
  exec: `${names.map((name) => `if [ -f ${name} ]; then exec ${interpreter} ${name}; fi`).join('\n')}\n${missing(names[0]!)}`,
});
const program = (build: string): Heuristics => ({
  build,
  exec: `for program in ./main ./a.out; do if [ -x "$program" ]; then exec "$program"; fi; done\n${missing('program ./main')}`,
});

const PYTHON: Heuristics = {
  build: 'if [ -f setup.py ]; then python setup.py develop --user || python3 setup.py develop --user; fi',
  exec: `if [ -f main.py ]; then if command -v python >/dev/null; then exec python main.py; else exec python3 main.py; fi; fi\n${missing('main.py')}`,
};
const BASH = script('sh', 'main.sh');
const C = program('if [ -f main.c ]; then cc main.c $CFLAGS -o main $LDFLAGS -lm; else cc *.c $CFLAGS -o main $LDFLAGS -lm; fi');
const CPP = program(
  'if [ -f main.cpp ]; then c++ main.cpp $CXXFLAGS -o main $LDFLAGS; else c++ *.cpp $CXXFLAGS -o main $LDFLAGS; fi',
);
const GO = program('go build -o main ./*.go');
const RUST: Heuristics = {
  build: 'if [ -f Cargo.toml ]; then cargo build; else rustc -o main main.rs; fi',
  exec: 'if [ -f Cargo.toml ]; then exec cargo run --quiet; else exec ./main; fi',
};
const JAVA: Heuristics = {
  build: 'javac -g *.java',
  exec: `for name in Main main; do if [ -f "$name.class" ]; then exec java "$name"; fi; done\n${missing('class Main')}`,
};

interface LanguageEntry extends Heuristics {
  /** The REPL of ours for queries. */
  readonly repl?: Language;
}

const TABLE: Readonly<Record<string, LanguageEntry>> = {
  python: { ...PYTHON, repl: 'python' },
  nodejs: { ...script('node', 'main.js', 'index.js'), repl: 'node' },
  bash: { ...BASH, repl: 'bash' },
  git: { ...BASH, repl: 'bash' },
  c: C,
  cpp: CPP,
  go: GO,
  rust: RUST,
  java: JAVA,
  haskell: program('ghc --make main.hs -o main'),
  julia: script('julia', 'main.jl'),
  lua: script('lua', 'main.lua'),
  octave: script('octave-cli', 'main.m'),
  php: script('php', 'main.php'),
  r: script('Rscript', 'main.R', 'main.r'),
  scheme: {
    build: '',
    exec: `if [ -f main.scm ]; then exec scheme --quiet < main.scm; fi\n${missing('main.scm')}`,
  },
};

const OTHER_NAMES: Readonly<Record<string, string>> = {
  node: 'nodejs',
  golang: 'go',
  javascript: 'nodejs',
  sh: 'bash',
  shell: 'bash',
};

const NOTHING: LanguageEntry = { build: '', exec: missing('rule for this language, so nothing') };

/** The entry of a kernel's name such as `python-tensorflow:1.8-py36` or `c-tester:latest`: the longest part that is known. */
function entryOf(lang: string): LanguageEntry {
  const parts = lang
    .slice(lang.lastIndexOf('/') + 1)
    .replace(/:.*$/s, '')
    .toLowerCase()
    .replace(/^kernel-/, '')
    .split('-');
  for (; parts.length > 0; parts.pop()) {
    const name = parts.join('-').replace(/[0-9.]+$/, '');
    const known = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name]! : name;
    if (Object.hasOwn(TABLE, known)) return TABLE[known]!;
  }
  return NOTHING;
}

/** The REPL for queries in a kernel of this name; undefined when we have none. */
export const replOf = (lang: string): Language | undefined => entryOf(lang).repl;

/** The command that `*` stands for as `build`: `make` where there is a Makefile, else the language's own rule. */
export function buildRule(lang: string): string {
  const { build } = entryOf(lang);
  return `if [ -f Makefile ]; then exec make; fi${build === '' ? '' : `\n${build}`}`;
}

/** The command that `*` stands for as `exec`. */
export const execRule = (lang: string): string => entryOf(lang).exec;
