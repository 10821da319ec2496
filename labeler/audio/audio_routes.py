"""The HTTP routes by which a page fetches what it plays. An address says all (``takes.py``); none touches a store."""

from __future__ import annotations

import base64

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dx7.errors import CartwrightError, VoiceError
from dx7.formats.messages import encode_voice_message
from dx7.sound.operator_levels import SECONDS_HELD, SECONDS_TOTAL, operator_envelopes
from labeler.audio.audio_request import AudioRequest, decode_voice, parse_audio_request
from labeler.audio.rendering import render_wav

# What an address means never changes, but for the engine that renders it: kept for a day.
_KEPT = {"Cache-Control": "private, max-age=86400"}


def get_sound(request: Request) -> Response:
    """A WAV file of a take; 400 and a sentence if the address makes no sense."""
    try:
        sound = render_wav(_take(request))
    except (ValueError, CartwrightError) as error:
        return PlainTextResponse(str(error), 400)
    return Response(sound, media_type="audio/wav", headers=_KEPT)


def get_midi_phrase(request: Request) -> Response:
    """The take for MIDI: the voice's message on channel 1, and when which key goes down and up.

    ``{"message": base64, "events": [[seconds, note, velocity], ...], "seconds": all of it}``; velocity 0 is a key up.
    """
    try:
        take = _take(request)
    except (ValueError, CartwrightError) as error:
        return PlainTextResponse(str(error), 400)
    phrase = take.phrase.fitted(take.voice)
    return JSONResponse(
        {
            "message": base64.b64encode(encode_voice_message(take.voice)).decode(),
            "events": [list(event) for event in phrase.events()],
            "seconds": phrase.seconds,
        },
        headers=_KEPT,
    )


def get_envelopes(request: Request) -> Response:
    """``{"levels": six lists of dB, "held": seconds, "seconds": all of it}``: how loud each operator is over a note."""
    try:
        voice = decode_voice(request.path_params["voice"])
    except VoiceError as error:
        return PlainTextResponse(str(error), 400)
    levels = np.round(operator_envelopes(voice), 1).tolist()
    return JSONResponse({"levels": levels, "held": SECONDS_HELD, "seconds": SECONDS_TOTAL}, headers=_KEPT)


def _take(request: Request) -> AudioRequest:
    return parse_audio_request(request.path_params["voice"], request.query_params)


AUDIO_ROUTES = (
    Route("/sound/{voice}", get_sound),
    Route("/take/{voice}", get_midi_phrase),
    Route("/envelopes/{voice}", get_envelopes),
)
