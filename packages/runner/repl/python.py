"""The Python REPL: the language process of docs/runner-protocol.md, for Python 3.6 and later. Standard library only."""
import __future__
import _ast as ast  # the node types alone: `ast` itself costs more to load than all of this file
import binascii
import builtins
import contextlib
import fcntl
import getpass
import io
import json
import keyword
import linecache
import os
import re
import select
import signal
import sys
import threading
import traceback
import types

CONTROL_OUT, CONTROL_IN = 3, 4
LOWEST_CONTROL_FD = 64  # out of the way of code that takes low descriptors for its own
MAX_LINE = 16 * 1024 * 1024
MAX_SVG = 1024 * 1024  # a figure with more than this is smaller as pixels
FUTURE_FLAGS = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
TOP_LEVEL_AWAIT = getattr(ast, 'PyCF_ALLOW_TOP_LEVEL_AWAIT', 0)


class Link:
    """JSON lines on the two control descriptors, which no child process gets to see."""

    def __init__(self):
        self.reader = self._claim(CONTROL_IN)
        self.writer = self._claim(CONTROL_OUT)
        self.incoming = self._poll()
        self.unread = b''
        self.taken = False
        self.forked = False

    @staticmethod
    def _claim(fd):
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, LOWEST_CONTROL_FD)
        os.close(fd)
        return high

    def _poll(self):
        poll = select.poll()
        poll.register(self.reader, select.POLLIN)
        return poll

    def detach(self):
        """In a forked child: what it reads is the end, what it writes is nowhere."""
        self.forked = True
        self.unread = b''
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, self.reader, False)
        os.dup2(null, self.writer, False)
        os.close(null)

    def has_command(self):
        """True where a command is on its way, or here and not done with. For signal handlers: a poll object serves one call at a time."""
        return self.taken or bool(self.unread) or bool(self._poll().poll(0))

    def wait(self):
        if b'\n' not in self.unread:
            self.incoming.poll()

    def receive(self):
        """The next message, or None at the end."""
        while b'\n' not in self.unread:
            self.wait()
            self.taken = True  # before it leaves the pipe: SIGINT may come between any two steps
            chunk = os.read(self.reader, 1 << 16)
            if not chunk:
                return None
            self.unread += chunk
        self.taken = True
        line, _, self.unread = self.unread.partition(b'\n')
        return json.loads(line.decode('utf-8'))

    def send(self, message):
        line = json.dumps(message).encode('ascii') + b'\n'
        if len(line) > MAX_LINE:
            raise ValueError('too large to show: %d bytes, at most %d' % (len(line), MAX_LINE))
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self.writer, rest):]


class Guard:
    """A piece of our own code in which SIGINT waits: half a message, or a lost lock, would be worse than a late interrupt.

    Handlers run on the main thread only, so only there is anything to guard.
    """

    def __init__(self):
        self.depth = 0
        self.waiting = False
        self.late = False

    def holds(self):
        """True where a signal must wait. False at most once while waiting: what raises then ends the wait."""
        waiting, self.waiting = self.waiting, False
        self.late = bool(self.depth) and not waiting
        return self.late

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            self.depth += 1

    def __exit__(self, *_):
        if threading.current_thread() is threading.main_thread():
            self.depth -= 1
            if not self.depth:
                self._deliver()

    @contextlib.contextmanager
    def opened(self):
        """A wait inside the guard that SIGINT may end."""
        self.waiting = threading.current_thread() is threading.main_thread()
        if self.waiting:
            self._deliver()
        yield
        self.waiting = False

    def _deliver(self):
        late, self.late = self.late, False
        if late:
            self.waiting = False
            raise KeyboardInterrupt


class Conversation:
    """Messages to and from the runner, from any thread."""

    def __init__(self, link, guard):
        self.link = link
        self.guard = guard
        self.reading = threading.Lock()
        self.writing = threading.Lock()
        self.kept = []

    def tell(self, **message):
        """Sends a message after all output that was printed before it."""
        flush_output()
        with self.guard, self.writing:
            self.link.send(message)

    def next(self):
        """The next command. A thread of an earlier run may still hold the lock, waiting for input: it keeps for us what is not its own."""
        with self.reading:
            return self.kept.pop(0) if self.kept else self.link.receive()

    def ask(self, prompt, password):
        """A line of input, '' at its end."""
        with self.guard, self.reading:
            self.tell(op='input', prompt=prompt, password=password)
            with self.guard.opened():
                self.link.wait()
            answer = self.link.receive()
            if answer is not None and answer['op'] not in ('input', 'eof'):
                self.kept.append(answer)  # the run that asked is over
            return answer.get('text', '') if answer else ''



class Answers(io.RawIOBase):
    """Standard input: each read asks for a line."""

    def __init__(self, conversation):
        self.conversation = conversation
        self.prompt = ''
        self.rest = b''

    def readable(self):
        return True

    def fileno(self):
        return 0

    def readinto(self, buffer):
        if not self.rest:
            prompt, self.prompt = self.prompt, ''
            self.rest = self.conversation.ask(prompt, False).encode('utf-8', 'surrogateescape')
        count = min(len(buffer), len(self.rest))
        buffer[:count], self.rest = self.rest[:count], self.rest[count:]
        return count


class Input(io.TextIOWrapper):
    def close(self):
        """Stays open: exit() closes standard input, but the session goes on."""


def install_input(conversation):
    answers = Answers(conversation)
    plain_input = builtins.input
    sys.stdin = sys.__stdin__ = stdin = Input(io.BufferedReader(answers), encoding='utf-8', errors='surrogateescape')

    def input(prompt=''):
        """Read a line from standard input. The trailing newline is stripped; at the end of input, raise EOFError."""
        if sys.stdin is not stdin:
            return plain_input(prompt)
        answers.prompt = str(prompt)
        return line_of(stdin.readline())

    def ask_password(prompt='Password: ', stream=None):
        """Ask for a password, not to be shown while it is typed."""
        return line_of(conversation.ask(str(prompt), True))

    def line_of(text):
        if not text:
            raise EOFError('EOF when reading a line')
        return text[:-1] if text.endswith('\n') else text

    builtins.input = input
    getpass.getpass = ask_password


def install_output():
    """Plain files on 1 and 2 whatever the locale is, so that prints mix with os.write and with the output of children."""
    for name, fd in (('stdout', 1), ('stderr', 2)):
        stream = open(fd, 'w', buffering=1, encoding='utf-8', errors='surrogateescape', closefd=False)
        setattr(sys, name, stream)
        setattr(sys, '__%s__' % name, stream)


def flush_output():
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except Exception:  # closed or replaced by user code: nothing of ours is lost
            pass


class Display:
    """Rich forms of a value.

    Where a picture can be shown, it stands for the value. Where there is HTML, the plain repr is printed too: a terminal has
    nothing else to show. The best form only is sent. Libraries are never imported here; they are known by their methods.
    """

    FORMS = (  # best first
        ('text/html', '_repr_html_'),
        ('image/svg+xml', '_repr_svg_'),
        ('image/png', '_repr_png_'),
        ('image/jpeg', '_repr_jpeg_'),
    )

    def __init__(self, conversation):
        self.tell = conversation.tell

    def install(self):
        builtins.display = self.display
        sys.displayhook = self.hook
        os.environ.setdefault('MPLBACKEND', 'Agg')
        sys.meta_path.insert(0, AfterImport({'matplotlib.pyplot': self._adopt_pyplot, 'PIL.Image': self._adopt_pillow}))

    def hook(self, value):
        """What the prompt does with the value of an expression."""
        if value is not None and self.show(value):
            builtins._ = value
        else:
            sys.__displayhook__(value)

    def display(self, *values):
        """Show values in their richest form: a picture, HTML, or text."""
        for value in values:
            if not self.show(value):
                print(repr(value))

    def show(self, value):
        """Sends the value's best form. True where the plain repr would add nothing."""
        try:
            mime, data = self._best_form(value)
            if mime is None:
                return False
            if mime == 'text/html':
                self.tell(op='html', text=data)
                return False
            self._media(mime, data)
            return True
        except Exception as error:  # a picture that cannot be made must not hide the value
            report(error)
            return False

    def _best_form(self, value):
        kind = type(value)
        if any(base.__module__ == 'matplotlib.figure' for base in kind.__mro__):
            return self._draw(value)
        if hasattr(kind, '_repr_mimebundle_'):
            bundle = value._repr_mimebundle_()
            bundle = bundle[0] if isinstance(bundle, tuple) else bundle
            for mime, _ in self.FORMS:
                if bundle and bundle.get(mime):
                    return mime, bundle[mime]
        for mime, method in self.FORMS:
            data = getattr(value, method)() if hasattr(kind, method) else None
            if data:
                return mime, data[0] if isinstance(data, tuple) else data
        return (None, None)

    def _media(self, mime, data):
        if isinstance(data, str):  # in a bundle, bytes come as base64 already
            encoding = 'utf8' if mime == 'image/svg+xml' else 'base64'
            self.tell(op='media', mime=mime, data=data, encoding=encoding)
        else:
            self.tell(op='media', mime=mime, data=binascii.b2a_base64(data, newline=False).decode('ascii'), encoding='base64')

    def _draw(self, figure):
        """A matplotlib figure; drawn once, so it is closed where pyplot still holds it."""
        for mime, format in (('image/svg+xml', 'svg'), ('image/png', 'png')):
            file = io.BytesIO()
            figure.savefig(file, format=format, bbox_inches='tight')
            if file.tell() <= MAX_SVG:
                break
        pyplot = sys.modules.get('matplotlib.pyplot')
        if pyplot:
            pyplot.close(figure)
        return mime, file.getvalue().decode('utf-8') if format == 'svg' else file.getvalue()

    def show_figures(self):
        """Shows all open figures."""
        pyplot = sys.modules.get('matplotlib.pyplot')
        for number in pyplot.get_fignums() if hasattr(pyplot, 'get_fignums') else ():
            self.show(pyplot.figure(number))

    def _adopt_pyplot(self, pyplot):
        if os.environ.get('MPLBACKEND') == 'Agg':
            # A plain function: pyplot gives it the signature of its backend's.
            pyplot.show = lambda *_, **__: self.show_figures()

    def _adopt_pillow(self, module):
        module.Image.show = lambda image, *_, **__: self.display(image)


class AfterImport:
    """A finder on sys.meta_path that calls back when user code has imported one of a few modules."""

    def __init__(self, callbacks):
        self.callbacks = callbacks

    def find_spec(self, name, path=None, target=None):
        if name not in self.callbacks:
            return None
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self and hasattr(finder, 'find_spec'))
        spec = next((spec for spec in found if spec), None)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                self.callbacks[name](module)

            spec.loader.exec_module = exec_module
        return spec


def report(error):
    """Prints an uncaught exception as Python does, with the user's own frames only."""
    trace = error.__traceback__
    while trace and not trace.tb_frame.f_code.co_filename.startswith('<run '):
        trace = trace.tb_next
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
    if sys.excepthook is not sys.__excepthook__:
        try:
            return sys.excepthook(type(error), error, trace)
        except BaseException as hook_error:
            sys.excepthook = sys.__excepthook__
            report(hook_error)
    described = traceback.TracebackException(type(error), error, trace)
    hide_own_frames(described)
    lines = described.format() if trace or described.__cause__ or described.__context__ else described.format_exception_only()
    complain(''.join(lines).rstrip('\n'))


def hide_own_frames(described):
    todo, seen = [described], set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if one.stack:
            one.stack[:] = [frame for frame in one.stack if frame.filename != __file__]
        todo += [one.__cause__, one.__context__] + list(getattr(one, 'exceptions', None) or ())


def exit_code(error):
    """What the process would have exited with. Says why, where there is something to say."""
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        report(error)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    complain(error.code)
    return 1


def complain(text):
    """To standard error, also where user code left something unusable in its place."""
    try:
        print(text, file=sys.stderr or sys.__stderr__)
    except Exception:
        print(text, file=sys.__stderr__)


class Session:
    """The user's namespace, and the code that runs in it."""

    def __init__(self, guard, link):
        self.guard = guard
        self.link = link
        self.main = types.ModuleType('__main__')
        self.main.__dict__['__builtins__'] = builtins
        self.original_main, sys.modules['__main__'] = sys.modules['__main__'], self.main
        self.flags = 0
        self.count = 0
        self.loop = None
        self.task = None
        self.asked = False  # to interrupt the run that is about to start, or that awaits
        self.handler = self.user_handler = self.on_sigint
        # Code that asks whether Ctrl-C is as Python made it (asyncio, trio) shall find that it is.
        signal.default_int_handler = self.handler
        signal.signal(signal.SIGINT, self.handler)

    def on_sigint(self, _signum, frame):
        """Interrupts user code only. Where the signal struck says which it is, so there is no moment at which it could hit us."""
        busy = False
        while frame and frame.f_code is not Session._execute.__code__:
            busy = busy or frame.f_code.co_filename.startswith('<run ')
            frame = frame.f_back
        if not frame:  # between runs: nothing, unless the next one is on its way
            self.asked = self.asked or self.link.has_command()
        elif self.task and not busy and not self.asked:  # awaiting: the second time, not so gently
            self.asked = True
            self.loop.call_soon_threadsafe(self.task.cancel)
        elif not self.guard.holds():
            raise KeyboardInterrupt

    def run(self, source):
        """Runs code; its exit code, and whether it was interrupted."""
        error = None
        try:
            self._execute(source)
        except BaseException as caught:
            error = caught
        self.user_handler = signal.signal(signal.SIGINT, self.handler)
        self.link.taken = self.asked = self.guard.late = False
        return exit_code(error), isinstance(error, KeyboardInterrupt)

    def _execute(self, source):
        if self.asked:
            raise KeyboardInterrupt
        if self.user_handler not in (self.handler, None):
            signal.signal(signal.SIGINT, self.user_handler)
        for code in self._compile(source):
            result = eval(code, self.main.__dict__)
            if isinstance(result, types.CoroutineType):
                self._await(result)

    def _compile(self, source):
        """Statements, and a last expression apart, whose value is displayed."""
        self.count += 1
        name = '<run %d>' % self.count
        # The None says that there is no file to compare with, so that linecache keeps it.
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        flags = self.flags | TOP_LEVEL_AWAIT
        tree = compile(source, name, 'exec', flags | ast.PyCF_ONLY_AST, True)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        codes = [compile(tree, name, 'exec', flags, True)]
        self.flags |= codes[0].co_flags & FUTURE_FLAGS
        if last:
            codes.append(compile(ast.Interactive([last]), name, 'single', self.flags | TOP_LEVEL_AWAIT, True))
        return codes

    def _await(self, coroutine):
        import asyncio  # costs more than all the rest, and few need it

        if self.loop is None or self.loop.is_closed():
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        self.task = self.loop.create_task(coroutine)
        try:
            self.loop.run_until_complete(self.task)
        except asyncio.CancelledError as error:
            if not self.asked:
                raise
            raise KeyboardInterrupt().with_traceback(error.__traceback__) from None
        finally:
            self.task.cancel()
            self.task = None

    def complete(self, code):
        """Words that may stand where the last word of `code` stands. Attributes are looked up; nothing is called by name."""
        word = re.search(r'[\w.]*$', code).group()
        path, _, start = word.rpartition('.')
        try:
            names = self._names_in(path)
        except Exception:
            return []
        lead = path + '.' if path else ''
        return sorted(lead + name for name in names if name.startswith(start) and (start or name[:1] != '_'))

    def _names_in(self, path):
        scope = dict(vars(builtins), **self.main.__dict__)
        if not path:
            return set(scope) | set(keyword.kwlist)
        first, *others = path.split('.')
        value = scope[first]
        for name in others:
            value = getattr(value, name)
        return {name for name in dir(value) if isinstance(name, str)}


def forget_link_in_children(link):
    if hasattr(os, 'register_at_fork'):
        os.register_at_fork(after_in_child=link.detach)
        return
    plain_fork = os.fork  # Python 3.6

    def fork():
        pid = plain_fork()
        if pid == 0:
            link.detach()
        return pid

    os.fork = fork


def main():
    link, guard = Link(), Guard()
    session = Session(guard, link)
    conversation = Conversation(link, guard)
    display = Display(conversation)
    forget_link_in_children(link)
    install_output()
    install_input(conversation)
    display.install()
    sys.argv = ['']
    if sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
        sys.path[0] = ''
    conversation.tell(op='ready', version='Python ' + sys.version.split()[0])
    code = 0
    while True:
        message = conversation.next()
        if message is None:  # the runner is gone; or we are a forked child that ran off the end of its code
            return code if link.forked else 0
        if message['op'] == 'run':
            code, interrupted = session.run(message['code'])
            display.show_figures()
            conversation.tell(op='done', id=message['id'], exitCode=code, interrupted=interrupted)
        elif message['op'] == 'complete':
            matches = session.complete(message['code'][:message['cursor']])
            link.taken = False
            conversation.tell(op='matches', id=message['id'], matches=matches)


if __name__ == '__main__':
    sys.exit(main())
