"""HTTP routes of the DX7 at the server's MIDI port: play, confirm the checklist, send and receive banks.

``/instrument/play/<voice>?category=brass`` plays an audio request (``audio_request.py``) and responds when the first
note has been sent.

Every route except the state is a POST that needs the header ``X-Cartwright: 1``. Pages of other sites cannot send it:
the browser would ask for permission by CORS, which this server never gives. An expected failure is
``{"problem": "one sentence"}``, with status 400 if the request is at fault.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dx7.errors import CartwrightError, MidiError, VoiceError
from dx7.hardware.instrument import Pacing
from dx7.hardware.port_manager import PortManager
from dx7.hardware.request_queue import REPLACED, Outcome
from dx7.voices.parameters import VOICES_IN_BANK
from dx7.voices.voice import Voice
from labeler.audio.audio_request import decode_voice, parse_audio_request

HEADER = "X-Cartwright"
LONGEST_BODY = 1 << 16  # bytes; 32 voices with names take 8,000
_ANSWER_WITHIN = 30.0  # seconds
_WAIT_FOR_BANK = 2.0  # then the page asks again: a server that stops waits for open requests
_MOST_PAGES = 256

Reply = Mapping[str, Any]


def instrument_routes(manager: Callable[[], PortManager]) -> list[Route]:
    """The routes. ``manager`` is called at the first request, so that a server without MIDI never makes a manager."""

    turns = _Turns()

    async def play(request: Request) -> Reply:
        requested = parse_audio_request(request.path_params["voice"], request.query_params)
        if turns.is_late(request):
            return _result(REPLACED, "started")
        # A single note comes from the piano keys: it must not wait for a voice that is loaded already.
        reload = "note" not in request.query_params
        return _result(await _wait(manager().play(requested.voice, requested.phrase, reload=reload)), "started")

    async def prepare(request: Request) -> Reply:
        voice = decode_voice(request.path_params["voice"])
        return _result(REPLACED if turns.is_late(request) else await _wait(manager().prepare(voice)), "loaded")

    async def stop(request: Request) -> Reply:
        return _result(REPLACED if turns.is_late(request) else await _wait(manager().stop()), "stopped")

    async def panic(request: Request) -> Reply:
        return _result(await _wait(manager().panic(reset_notes=request.query_params.get("reset") == "1")), "silent")

    async def open_port(request: Request) -> Reply:
        body = await _body(request, output=(str, type(None)), input=(str, type(None)))
        return _result(await _wait(manager().open(body.get("output"), body.get("input"))), "open") | _state()

    async def confirm(request: Request) -> Reply:
        lines = {"sys_info": (bool,), "unprotected": (bool,), "own_backup": (bool,)}
        body = await _body(request, port=(str, type(None)), channel=(int,), **lines)
        return _result(await _wait(manager().confirm(**body)), "confirmed") | _state()

    async def pacing(request: Request) -> Reply:
        body = await _body(request, after_voice=(int, float), after_bank=(int, float))
        return _result(await _wait(manager().set_pacing(Pacing(**body))), "set") | _state()

    async def backup(request: Request) -> Reply:
        after = _number(request, "after")
        future = manager().await_bank(after)
        try:
            result = _result(await asyncio.wait_for(asyncio.wrap_future(future), _WAIT_FOR_BANK), "received")
        except TimeoutError:
            result = {"received": False, "waiting": True}
        return result | {"arrivals": manager().arrivals} | _state()

    async def bank(request: Request) -> Reply:
        body = await _body(request, voices=(list,), confirmation=(str,), trust_driver=(bool,))
        future = manager().send_bank(
            _bank_voices(body.get("voices", [])),
            confirmation=body.get("confirmation", ""),
            trust_driver=body.get("trust_driver", False),
        )
        return _result(await _wait(future), "sent")

    async def state(request: Request) -> Reply:
        return _state()

    def _state() -> dict[str, Any]:
        now = manager().state()
        return {"state": asdict(now) | {"missing": now.checklist.missing}}

    posts = {
        "play/{voice}": play,
        "prepare/{voice}": prepare,
        "stop": stop,
        "panic": panic,
        "open": open_port,
        "confirm": confirm,
        "pacing": pacing,
        "backup": backup,
        "bank": bank,
    }
    routes = [Route(f"/instrument/{name}", _guarded(act), methods=["POST"]) for name, act in posts.items()]
    return [*routes, Route("/instrument/state", _answering(state), methods=["GET"])]


class _Turns:
    """Finds requests that another one of the same page has overtaken: each page numbers its own (``page``, ``turn``).

    Requests without a number are never late.
    """

    def __init__(self) -> None:
        self._latest: dict[str, int] = {}

    def is_late(self, request: Request) -> bool:
        page = request.query_params.get("page")
        if page is None:
            return False
        turn = _number(request, "turn") or 0
        if turn <= self._latest.get(page, -1):
            return True
        self._latest.pop(page, None)
        self._latest[page] = turn  # moves the page to the end
        while len(self._latest) > _MOST_PAGES:
            del self._latest[next(iter(self._latest))]
        return False


def _guarded(act: Callable[[Request], Awaitable[Reply]]) -> Callable[[Request], Awaitable[Response]]:
    answering = _answering(act)

    async def endpoint(request: Request) -> Response:
        if request.headers.get(HEADER) != "1":
            return JSONResponse({"problem": f"the header {HEADER}: 1 is missing"}, 403)
        return await answering(request)

    return endpoint


def _answering(act: Callable[[Request], Awaitable[Reply]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            answer, status = await act(request), 200
        except (ValueError, VoiceError) as error:
            answer, status = {"problem": str(error)}, 400
        except CartwrightError as error:
            answer, status = {"problem": str(error)}, 200
        return JSONResponse(dict(answer), status, headers={"Cache-Control": "no-store"})

    return endpoint


async def _wait(future: Future[Outcome]) -> Outcome:
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), _ANSWER_WITHIN)
    except TimeoutError as error:
        raise MidiError("the MIDI port does not accept data; unplug it and plug it in again") from error


def _result(outcome: Outcome, word: str) -> dict[str, Any]:
    return {word: True} if outcome.done else {word: False, "problem": outcome.problem, "replaced": outcome.replaced}


async def _body(request: Request, **kinds: tuple[type, ...]) -> dict[str, Any]:
    """The JSON object of a request. Each member must be named in ``kinds`` and have one of its types."""
    text = bytearray()
    async for piece in request.stream():
        text += piece
        if len(text) > LONGEST_BODY:
            raise ValueError(f"the request is longer than {LONGEST_BODY} bytes")
    try:
        body = json.loads(text or b"{}")
    except (ValueError, RecursionError) as error:  # not JSON or not UTF-8; nested too deeply
        raise ValueError(f"the request is not JSON: {error}") from error
    if not isinstance(body, dict) or not body.keys() <= kinds.keys():
        raise ValueError(f"the request must be a JSON object of {', '.join(kinds)}")
    for name, value in body.items():
        if type(value) not in kinds[name]:  # not isinstance: true is an int there
            raise ValueError(f"{name} cannot be {value!r}")
    return body


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"{name} must be a whole number") from error


def _bank_voices(rows: list[Any]) -> list[Voice]:
    """The voices of rows such as ``{"voice": base64url, "name": "BRASS 1"}``."""
    if len(rows) != VOICES_IN_BANK:
        raise ValueError(f"a bank has {VOICES_IN_BANK} voices, not {len(rows)}")
    for row in rows:
        if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in ("voice", "name")):
            raise ValueError("each voice of a bank is an object with the texts voice and name")
    return [decode_voice(row["voice"]).replace(name=row["name"]) for row in rows]
