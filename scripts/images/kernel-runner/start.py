"""Starts the kernel-runner of 2018 on a Python of today: it was written for 3.6 and passes arguments that were removed since."""
import asyncio
import collections
import collections.abc
import runpy

import janus
import zmq.asyncio  # noqa: F401  needs what is taken away below


def without_loop(kind):
    made = kind.__init__

    def __init__(self, *args, loop=None, **others):
        made(self, *args, **others)

    kind.__init__ = __init__


for kind in (asyncio.Queue, asyncio.Event, asyncio.Lock, janus.Queue):
    without_loop(kind)

collections.Mapping = collections.abc.Mapping
asyncio.set_event_loop(asyncio.new_event_loop())
# The runner asks for the running loop before it runs; it asks otherwise where this function does not exist.
running = asyncio.get_running_loop
del asyncio.get_running_loop
import ai.backend.kernel  # noqa: E402,F401

asyncio.get_running_loop = running
runpy.run_module('ai.backend.kernel', run_name='__main__', alter_sys=True)
