"""The route by which the map fetches its points; its address names the points, so a browser may keep them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dx7.errors import StoreBusyError, StoreError
from labeler.explore.map_points import KEEPER
from labeler.page.settings import store_path


def get_points(request: Request) -> Response:
    """The points as they are now; kept by the browser only if they are those that the address names."""
    try:
        sent = KEEPER.latest(store_path())
    except StoreBusyError as error:
        return PlainTextResponse(str(error), 503)
    except StoreError as error:
        return PlainTextResponse(str(error), 404)
    is_named = sent.address == request.path_params["address"]
    kept = "private, max-age=86400" if is_named else "no-store"
    return Response(sent.payload, media_type="application/octet-stream", headers={"Cache-Control": kept})


ROUTES = (Route("/map/{address}", get_points),)
