"""``python -m bench.viewers URL N``: N dashboards that read all they are sent."""

import asyncio
import os
import sys
import threading

import websockets

STDIN_FD = 0


async def _view(url: str) -> None:
    async with websockets.connect(url, max_size=None) as viewer:
        async for _message in viewer:
            pass


async def _run(url: str, n: int) -> None:
    viewers = [asyncio.create_task(_view(url)) for _ in range(n)]
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def await_end() -> None:
        while os.read(STDIN_FD, 1):
            pass
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=await_end, daemon=True).start()
    await asyncio.wait(
        [*viewers, asyncio.create_task(ended.wait())],
        return_when=asyncio.FIRST_COMPLETED,
    )
    for viewer in viewers:
        if viewer.done():
            viewer.result()
        viewer.cancel()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], int(sys.argv[2])))
