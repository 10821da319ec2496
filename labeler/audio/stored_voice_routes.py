"""HTTP routes of stored voices by their ids, for the map: with all parameters its data would be four times as large.

    /sound/id/<voice_id>?category=brass    redirects to /sound/<voice>
    /take/id/<voice_id>?category=brass     redirects to /take/<voice>

The store is opened only for voices that are not in the cache, and closed again.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from corpus.analysis.similar import read_parameters
from corpus.storage.store import open_store
from dx7.errors import StoreBusyError, StoreError
from dx7.voices.identity import ID_LENGTH
from dx7.voices.voice import Voice
from labeler.audio.audio_request import encode_voice
from labeler.page.settings import store_path

_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")


@lru_cache(maxsize=4096)  # of some 200 bytes
def stored_voice(store: Path, voice_id: str) -> Voice:
    """A voice of a store, without its name. Raises ``StoreError`` if the store lacks it or cannot be used."""
    with open_store(store, read_only=True) as connection:
        found = read_parameters(connection, [voice_id])
    if not len(found):
        raise StoreError(f"the store has no voice {voice_id}")
    return Voice.from_array(found[0])


def redirect_to_voice(request: Request) -> Response:
    """Redirect to the URL that holds the voice itself; 404 with a message if there is no such voice."""
    voice_id = request.path_params["voice_id"]
    if not _ID.fullmatch(voice_id):
        return PlainTextResponse("a voice id is 32 hexadecimal digits", 404)
    try:
        voice = stored_voice(store_path(), voice_id)
    except StoreBusyError as error:
        return PlainTextResponse(str(error), 503)
    except StoreError as error:
        return PlainTextResponse(str(error), 404)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(
        f"../{encode_voice(voice)}{query}", status_code=301, headers={"Cache-Control": "private, max-age=86400"}
    )


STORED_VOICE_ROUTES = (
    Route("/sound/id/{voice_id}", redirect_to_voice),
    Route("/take/id/{voice_id}", redirect_to_voice),
)
