# SPDX-License-Identifier: Apache-2.0
"""A client that is connected already and asks all the time, to feel how long it is kept waiting.

    python3 bench/stall.py     user and token are the first two lines of standard input; prints
                               `ready`, and at the end of its input the longest wait in seconds
"""
import asyncio
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "tests"))
from world.postgres import Client  # noqa: E402


async def main():
    client = await Client.login(sys.stdin.readline().strip(), sys.stdin.readline().strip())
    await client.query("select 1")
    print("ready", flush=True)
    end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    longest = 0.0
    while not end.done():
        begin = time.monotonic()
        await client.query("select 1")
        longest = max(longest, time.monotonic() - begin)
        await asyncio.sleep(0.002)
    print(longest, flush=True)


asyncio.run(main())
