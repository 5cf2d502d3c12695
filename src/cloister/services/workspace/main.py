"""The ``tracking`` process: ``tracking.sock`` with ``http`` (Request -> Response), ``drop`` and ``ping``.

The socket is there at once; requests that come while MLflow is being imported wait for it. Store calls block, so they run
in threads. ``drop`` ({"workspace_id"} -> bool) deletes a workspace's database. ``ping`` -> {"ready": bool}.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from cloister.home import Home
from cloister.ipc.frames import serve
from cloister.ipc.messages import Request
from cloister.limits import TRACKING_THREADS

if TYPE_CHECKING:
    from cloister.services.workspace.service import Service


def open_service(directory: Path) -> Service:
    """Import MLflow and open the stores under ``directory``; takes two to three seconds the first time.

    MLflow reads settings from the environment and reports its use over the internet: here it does neither.
    """
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        del os.environ[name]
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    from cloister.services.workspace.service import Service

    return Service(directory)


async def run(home: Home) -> None:
    """Serve until cancelled. Raises what opening the stores raises."""
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        threads = ThreadPoolExecutor(TRACKING_THREADS, thread_name_prefix="tracking")
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        opening = loop.run_in_executor(threads, open_service, home.tracking)

        async def answer(method: str, params: Any) -> Any:
            if method == "ping":
                return {"ready": opening.done()}
            service = await asyncio.shield(opening)
            if method == "http":
                return await loop.run_in_executor(threads, service.answer, msgspec.convert(params, Request))
            if method == "drop":
                return await loop.run_in_executor(threads, service.stores.drop, params["workspace_id"])
            raise ValueError(f"cannot call '{method}': tracking has http, drop and ping")

        server = await serve(home.socket("tracking"), answer)
        async with server:
            await opening
            await server.serve_forever()
