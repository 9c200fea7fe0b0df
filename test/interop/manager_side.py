"""The manager's side of its wire, by the genuine libraries: aiozmq for calls, pyzmq, msgpack and snappy for events.

One JSON object a line comes in on standard input: {"id": 1, "op": "call", ...}. One a line goes out: {"id": 1, "result": ...},
{"id": 1, "failure": "..."}, or {"channel": 7, "item": ...} for what a socket brings. Bytes are {"$bytes": "BASE64"}.
test/support/python.ts is the other end. It ends when standard input does.
"""
import asyncio
import base64
import builtins
import itertools
import json
import logging
import sys
import time

import aiozmq
import aiozmq.rpc
import msgpack
import zmq
import zmq.asyncio
from cramjam import snappy

LINGER_MS = 50
numbers = itertools.count(1)
channels = {}
context = zmq.asyncio.Context()


def new_socket(kind):
    socket = context.socket(kind)
    socket.set(zmq.LINGER, LINGER_MS)
    return socket


def to_json(value):
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, dict):
        return {str(key): to_json(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def from_json(value):
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        return {key: from_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [from_json(item) for item in value]
    return value


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def error_of(exception):
    kind = type(exception)
    return {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "args": to_json(exception.args),
        "repr": repr(exception),
    }


# Calls


async def connect(address):
    client = await aiozmq.rpc.connect_rpc(connect=address)
    client.transport.setsockopt(zmq.LINGER, LINGER_MS)
    return client


async def close(client):
    client.close()
    await client.wait_closed()


async def attempt(client, method, args, kwargs, timeout):
    """How one call ended, as the manager would see it: a value, or an exception."""
    try:
        remote = client.with_timeout(timeout).call
        for part in method.split("."):
            remote = getattr(remote, part)
        result = await remote(*from_json(args), **from_json(kwargs))
    except Exception as exception:
        return {"error": error_of(exception)}
    return {"value": to_json(result), "kind": type(result).__name__}


async def call(address, method, args=(), kwargs={}, timeout=10.0, channel=None):
    """One call: on an open connection, or on one of its own as the manager does."""
    if channel is not None:
        return await attempt(channels[channel], method, args, kwargs, timeout)
    client = await connect(address)
    try:
        return await attempt(client, method, args, kwargs, timeout)
    finally:
        await close(client)


async def open_connection(address):
    channel = next(numbers)
    channels[channel] = await connect(address)
    return channel


async def parallel(address, method, calls, timeout=30.0):
    """Many calls of one method; see mixed."""
    return await mixed(address, [[method, *args] for args in calls], timeout)


async def mixed(address, calls, timeout=30.0):
    """Many calls at once on one connection, in the order in which they ended."""
    client = await connect(address)
    ended = []

    async def one(index, method, args):
        answer = await attempt(client, method, args, {}, timeout)
        ended.append({"index": index, **answer})

    try:
        await asyncio.gather(*(one(index, method, args) for index, (method, *args) in enumerate(calls)))
    finally:
        await close(client)
    return ended


async def churn(address, method, args, count, at_once=20):
    """Connection after connection, one call each. Answers how many calls gave a value."""
    gate = asyncio.Semaphore(at_once)

    async def one():
        async with gate:
            return "value" in await call(address, method, args)

    return sum(await asyncio.gather(*(one() for _ in range(count))))


class Genuine(aiozmq.rpc.AttrHandler):
    @aiozmq.rpc.method
    def ping(self, msg):
        return msg

    @aiozmq.rpc.method
    def fail(self, kind):
        raise getattr(builtins, kind)("it's", 1)


async def serve_genuine():
    """A server of the original's library, to compare with."""
    server = await aiozmq.rpc.serve_rpc(Genuine(), bind="tcp://127.0.0.1:*")
    channel = next(numbers)
    channels[channel] = server
    return {"channel": channel, "address": list(server.transport.bindings())[0]}


# Frames by hand


async def raw(address, frames, timeout=1.0):
    """Sends frames as they are. Answers the frames of the reply, or nothing when none came in time."""
    socket = new_socket(zmq.DEALER)
    try:
        socket.connect(address)
        await socket.send_multipart([from_json(frame) for frame in frames])
        if not await socket.poll(timeout * 1000):
            return None
        return to_json(await socket.recv_multipart())
    finally:
        socket.close()


async def flood(address, frames, count):
    """Sends a request many times and never reads; the connection stays until it is closed."""
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.set(zmq.LINGER, 0)
    socket.set(zmq.RCVHWM, 1)
    socket.set(zmq.RCVBUF, 4096)
    socket.connect(address)
    channel = next(numbers)
    channels[channel] = socket
    message = [from_json(frame) for frame in frames]
    sent = 0
    until = time.monotonic() + 10
    while sent < count and time.monotonic() < until:
        try:
            socket.send_multipart(message, zmq.DONTWAIT)
            sent += 1
        except zmq.Again:
            await asyncio.sleep(0.01)
    return {"channel": channel, "sent": sent}


# Events


def decode_event(frames):
    name, instance, args = frames
    decoded = msgpack.unpackb(args, raw=False, use_list=False, strict_map_key=False)
    images = None
    if name == b"instance_heartbeat" and decoded and isinstance(decoded[0].get("images"), bytes):
        images = to_json(msgpack.unpackb(snappy.decompress_raw(decoded[0]["images"]), raw=False))
    kinds = {key: type(value).__name__ for key, value in decoded[0].items()} if decoded and isinstance(decoded[0], dict) else None
    return {"name": name.decode("ascii"), "instance": instance.decode(), "args": to_json(decoded), "kinds": kinds, "images": images}


def start_reading(channel, socket, decode):
    async def read():
        while True:
            frames = await socket.recv_multipart()
            try:
                say({"channel": channel, "item": decode(frames)})
            except Exception as exception:
                say({"channel": channel, "item": {"undecodable": to_json(frames), "error": error_of(exception)}})

    channels[channel] = Reader(asyncio.ensure_future(read()), [socket])
    return channels[channel]


class Reader:
    """Sockets and who reads them."""

    def __init__(self, task, sockets):
        self.task = task
        self.sockets = sockets

    def close(self):
        self.task.cancel()
        for socket in self.sockets:
            socket.close(0)


async def listen(port=None):
    """A manager's event socket: PULL on a port, or on a free one."""
    socket = new_socket(zmq.PULL)
    if port is None:
        port = socket.bind_to_random_port("tcp://127.0.0.1")
    else:
        socket.bind(f"tcp://127.0.0.1:{port}")
    channel = next(numbers)
    start_reading(channel, socket, decode_event)
    return {"channel": channel, "address": f"tcp://127.0.0.1:{port}"}


# Terminals


async def terminal(stdin, stdout):
    """Both sockets of a terminal: what is sent goes to `stdin` by PUB, what comes from `stdout` by SUB is an item."""
    out = new_socket(zmq.PUB)
    out.connect(stdin)
    incoming = new_socket(zmq.SUB)
    incoming.subscribe(b"")
    incoming.connect(stdout)
    channel = next(numbers)
    start_reading(channel, incoming, lambda frames: to_json(frames)).sockets.append(out)
    return channel


async def terminal_send(channel, frames):
    await channels[channel].sockets[1].send_multipart([from_json(frame) for frame in frames])


# The line protocol


async def close_channel(channel):
    one = channels.pop(channel)
    if isinstance(one, aiozmq.rpc.base.Service):
        await close(one)
    else:
        one.close()


async def versions():
    return {"python": sys.version.split()[0], "aiozmq": aiozmq.__version__, "libzmq": zmq.zmq_version()}


OPS = {
    "call": call,
    "open": open_connection,
    "parallel": parallel,
    "mixed": mixed,
    "churn": churn,
    "serve_genuine": serve_genuine,
    "raw": raw,
    "flood": flood,
    "listen": listen,
    "terminal": terminal,
    "terminal_send": terminal_send,
    "close": close_channel,
    "versions": versions,
}


async def serve(request):
    number, op = request.pop("id"), request.pop("op")
    try:
        say({"id": number, "result": await OPS[op](**request)})
    except Exception as exception:
        say({"id": number, "failure": repr(exception)})


async def main():
    reader = asyncio.StreamReader(limit=256 * 1024 * 1024)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tasks = set()
    while line := await reader.readline():
        task = asyncio.ensure_future(serve(json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    for channel in list(channels):
        await close_channel(channel)
    context.destroy(LINGER_MS)


# What a late answer of a call that was given up says is of no interest.
logging.getLogger("aiozmq.rpc").setLevel(logging.CRITICAL + 1)
asyncio.run(main())
