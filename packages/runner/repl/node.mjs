// The Node REPL: the language process of docs/runner-protocol.md, for Node 18 and later.
//
// Code is evaluated by V8's own REPL mode, through an inspector session in this very thread: let, const and class stay and may
// be declared anew, and `await` works at the top level. A little script around it makes SIGINT stop a busy loop.
import { readSync, writeSync } from 'node:fs';
import inspector from 'node:inspector';
import Module, { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import vm from 'node:vm';

const CONTROL_OUT = 3;
const CONTROL_IN = 4;
const INTERRUPTED = 130;

// --- descriptors -----------------------------------------------------------------------------------------------------------

const nap = new Int32Array(new SharedArrayBuffer(4));

/** Calls until the descriptor is ready: it may be in non-blocking mode, which it shares with whoever else holds its other copies. */
function patiently(call) {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(nap, 0, 0, 2);
    }
  }
}

function writeAll(fd, bytes) {
  for (let at = 0; at < bytes.length;) at += patiently(() => writeSync(fd, bytes, at));
}

/**
 * A stream that has written when write() returns, with no state that an interrupt could leave half-way. Node's own would put the
 * descriptor in non-blocking mode, under all children too.
 */
function synchronousStream(fd) {
  const stream = new Writable();
  stream.write = (chunk, encoding, done = encoding) => {
    writeAll(fd, typeof chunk === 'string' ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8') : chunk);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
  return Object.assign(stream, {
    fd,
    destroy: () => stream,
    end: (chunk) => (chunk === undefined || stream.write(chunk), stream),
  });
}

function tell(message) {
  writeAll(CONTROL_OUT, Buffer.from(JSON.stringify(message) + '\n'));
}

/** Splits what comes in into messages; also for prompt(), which reads past the event loop. */
const inbox = {
  rest: Buffer.alloc(0),
  messages: [],
  take(chunk) {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (let end; (end = this.rest.indexOf(10)) >= 0; this.rest = this.rest.subarray(end + 1)) {
      this.messages.push(JSON.parse(this.rest.toString('utf8', 0, end)));
    }
  },
};

// --- what user code finds --------------------------------------------------------------------------------------------------

const here = join(process.cwd(), '[run]');
const anchor = new Module(here);
anchor.filename = here;
anchor.paths = Module._nodeModulePaths(process.cwd());
// Compiled as if it stood in the working directory: its import() resolves from there.
anchor._compile('module.exports = (specifier, options) => import(specifier, options);', here);

/** Asks the user for a line, and blocks until it is there. Null at the end of input. */
function prompt(text = '') {
  tell({ op: 'input', prompt: String(text), password: false });
  const buffer = Buffer.alloc(65536);
  while (!inbox.messages.length) {
    const size = patiently(() => readSync(CONTROL_IN, buffer));
    if (size === 0) return null;
    inbox.take(Buffer.from(buffer.subarray(0, size)));
  }
  const answer = inbox.messages.shift();
  return answer.op === 'input' ? answer.text.replace(/\n$/, '') : null;
}

class Exit extends Error {}

function exit(code = process.exitCode ?? 0) {
  if (!run) return undefined;
  run.exitCode ??= Number(code) & 255;
  // In a callback, what termination leaves behind would abort Node.
  if (!run.synchronous) throw new Exit('process.exit');
  // Not to be caught, and without `finally`: as if the process were gone.
  session.post('Runtime.terminateExecution');
  for (;;);
}

for (const [name, fd] of [
  ['stdout', 1],
  ['stderr', 2],
]) {
  Object.defineProperty(process, name, { value: synchronousStream(fd), configurable: true, enumerable: true });
}
globalThis.console = new console.Console(process.stdout, process.stderr);
const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
define('require', createRequire(here));
define('prompt', prompt);
define('__import', anchor.exports);
define('_', undefined);
process.exit = exit;

// --- evaluation ------------------------------------------------------------------------------------------------------------

let session;
let boxId;
// The one way to get at the value behind an inspector's remote object: have it put into an object of ours.
const box = { value: undefined };

/** Also after an interrupt: V8 gives up a session's hold on the context when it has to give up the session's code. */
function connect() {
  session?.disconnect();
  session = new inspector.Session();
  session.connect();
  define('__box', box);
  boxId = post('Runtime.evaluate', { expression: '__box' })?.result.objectId;
  if (!boxId) process.reallyExit(70); // the context is lost, and the variables with it: better to start anew
  delete globalThis.__box;
}

/** Inspector calls answer at once, except for an evaluation. */
function post(method, params) {
  let answer;
  session.post(method, params, (error, result) => (answer = error ? undefined : result));
  return answer;
}

function valueOf({ type, objectId, unserializableValue, value }) {
  const argument = objectId
    ? { objectId }
    : unserializableValue
      ? { unserializableValue }
      : type === 'undefined'
        ? {}
        : { value };
  post('Runtime.callFunctionOn', {
    objectId: boxId,
    functionDeclaration: 'function (value) { this.value = value; }',
    arguments: [argument],
  });
  const { value: held } = box;
  box.value = undefined;
  return held;
}

/**
 * V8's REPL mode knows no import(): calls of it are led to a function of ours. Strings, templates, comments and names that end
 * in "import" are passed over.
 */
const IMPORT_CALL = /\/\/.*|\/\*[^]*?\*\/|'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"|(?<![\w$.])import(?=\s*\()/g;
const withImports = (code) => code.replace(IMPORT_CALL, (match) => (match === 'import' ? '__import' : match));

/** `{ a: 1 }` is an object, as at Node's prompt, where it can be one. */
function asExpression(code) {
  if (!/^\s*\{/.test(code) || /;\s*$/.test(code)) return code;
  try {
    new vm.Script(`(${code})`);
    return `(${code})`;
  } catch {
    return code;
  }
}

connect();

let count = 0;
/** @type {undefined | { id: string, name: string, code: string, synchronous: boolean, exitCode?: number }} */
let run;
let interruptAtStart = false;

function start({ id, code }) {
  run = { id, name: `run-${++count}`, code, synchronous: true };
  const expression = `${asExpression(withImports(code))}\n//# sourceURL=${run.name}`;
  const current = run;
  const answered = (error, answer) => void (current === run && settle(error, answer));
  if (interruptAtStart) return interrupted();
  try {
    stopOnSigint(() => session.post('Runtime.evaluate', { expression, replMode: true, objectGroup: 'run' }, answered));
  } catch {
    setImmediate(interrupted); // nothing else throws here
  } finally {
    current.synchronous = false;
  }
}

/**
 * Calls with Node's own watch on SIGINT, which ends even a busy loop. Node would take our listeners away meanwhile, and SIGINT
 * kills where there is none: so it is not told of them. Afterwards it leaves the signal at its default, so they are put back.
 */
function stopOnSigint(call) {
  define('__call', () => {
    delete process.listenerCount;
    call();
  });
  process.listenerCount = () => 0;
  try {
    watched.runInThisContext({ breakOnSigint: true });
  } finally {
    const listeners = process.rawListeners('SIGINT');
    process.removeAllListeners('SIGINT');
    for (const listener of listeners) process.on('SIGINT', listener);
    delete globalThis.__call;
  }
}
const watched = new vm.Script('__call()');

/** V8 is done with the code. */
async function settle(error, answer) {
  const current = run;
  if (error) return interrupted(); // by process.exit
  const { result, exceptionDetails } = answer;
  const value = valueOf(exceptionDetails?.exception ?? result);
  post('Runtime.releaseObjectGroup', { objectGroup: 'run' });
  if (exceptionDetails) return fail(value, exceptionDetails);
  try {
    // The run lasts as long as a promise that it ends in; one that brings nothing is not worth a line.
    const silent = value === undefined || (value instanceof Promise && (await value) === undefined);
    if (current !== run) return;
    if (!silent) process.stdout.write(inspect(value, { depth: 2 }) + '\n');
    define('_', value);
  } catch (rejection) {
    return current === run ? fail(rejection) : undefined;
  }
  // Rejections that nobody handles come up after this turn.
  setImmediate(() => current === run && finish(run.exitCode ?? 0));
}

function interrupted() {
  connect();
  if (run.exitCode === undefined) process.stderr.write('Interrupted\n');
  finish(run.exitCode ?? INTERRUPTED, run.exitCode === undefined);
}

function fail(error, details) {
  if (error instanceof Exit) return finish(run.exitCode);
  complain(error, details);
  finish(run.exitCode ?? 1);
}

function finish(exitCode, wasInterrupted = false) {
  const { id } = run;
  run = undefined;
  process.exitCode = undefined;
  tell({ op: 'done', id, exitCode, interrupted: wasInterrupted });
}

// --- errors ----------------------------------------------------------------------------------------------------------------

/** The stack up to the last frame of user code. */
function userStack(stack) {
  const lines = stack.split('\n');
  const ours = lines.findLastIndex((line) => /\brun-\d+:\d+:\d+/.test(line));
  return lines.filter((line, at) => !/^ {4}at /.test(line) || (at <= ours && !line.includes(import.meta.url))).join('\n');
}

/** Trims the stacks of an error and of its causes. */
function trim(error) {
  for (let depth = 0; error instanceof Error && depth < 10; error = error.cause, depth++) {
    try {
      error.stack = userStack(error.stack);
    } catch {
      // Frozen, or no text: shown as it is.
    }
  }
}

/** Where the parser gave up. */
function place({ lineNumber, columnNumber }) {
  const line = run.code.split('\n')[lineNumber];
  return line === undefined ? '' : `${run.name}:${lineNumber + 1}\n${line}\n${' '.repeat(columnNumber)}^\n\n`;
}

function complain(error, details) {
  trim(error);
  const unparsed = details && error instanceof SyntaxError && !/\brun-\d+/.test(error.stack);
  process.stderr.write(unparsed ? `${place(details)}Uncaught ${error.name}: ${error.message}\n` : `Uncaught ${inspect(error)}\n`);
}

function uncaught(error) {
  if (run) fail(error);
  else if (!(error instanceof Exit)) complain(error);
}

process.on('uncaughtException', uncaught);
process.on('unhandledRejection', uncaught);

// --- completion ------------------------------------------------------------------------------------------------------------

/** Words that may stand where the last word of `code` stands. Properties are looked up; nothing is called by name. */
function complete(code) {
  const [, path, , start] = /((?:[\w$]+\.)*?)(([\w$]*))$/.exec(code);
  const names = new Set();
  if (path) {
    const answer = post('Runtime.evaluate', {
      expression: path.slice(0, -1),
      replMode: false,
      throwOnSideEffect: true,
      silent: true,
    });
    const value = !answer || answer.exceptionDetails ? undefined : valueOf(answer.result);
    for (let at = value == null ? null : Object(value); at; at = Object.getPrototypeOf(at)) {
      for (const name of Object.getOwnPropertyNames(at)) if (/^[A-Za-z_$]/.test(name)) names.add(name);
    }
  } else {
    for (const name of Object.getOwnPropertyNames(globalThis)) names.add(name);
    for (const name of post('Runtime.globalLexicalScopeNames', {})?.names ?? []) names.add(name);
  }
  return [...names]
    .filter((name) => name.startsWith(start))
    .map((name) => path + name)
    .sort();
}

// --- the link --------------------------------------------------------------------------------------------------------------

function handle(message) {
  if (message.op === 'run') {
    // After this turn, in which a SIGINT that came with the message is seen.
    setImmediate(start, message);
  } else if (message.op === 'complete') {
    const code = [...message.code].slice(0, message.cursor).join('');
    tell({ op: 'matches', id: message.id, matches: complete(code) });
  }
}

process.on('SIGINT', () => {
  if (run && process.listenerCount('SIGINT') === 1) interrupted();
  else if (!run) {
    interruptAtStart = true;
    setImmediate(() => setImmediate(() => (interruptAtStart = false)));
  }
});

const link = new Socket({ fd: CONTROL_IN, readable: true, writable: false });
link.on('data', (chunk) => {
  inbox.take(chunk);
  for (let message; (message = inbox.messages.shift());) handle(message);
});
link.on('end', () => process.reallyExit(0));
tell({ op: 'ready', version: `Node.js ${process.version}` });
