"""A bare Starlette application over TLS that answers bytes from files, for comparison: ``bare.py PORT CERTIFICATE FOLDER``."""

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def main() -> None:
    """Serve ``/NAME`` with the bytes of each file in FOLDER."""
    port, certificate, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    bodies = {file.name: file.read_bytes() for file in folder.iterdir()}

    async def answer(request: Request) -> Response:
        return Response(bodies[request.path_params["name"]], media_type="application/json; charset=utf-8")

    application = Starlette(routes=[Route("/{name}", answer)])
    uvicorn.run(application, port=port, ssl_certfile=certificate, ssl_keyfile=certificate, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
