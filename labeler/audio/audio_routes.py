"""HTTP routes of audio, MIDI phrases and envelopes. The URL holds the voice, so none reads a store."""

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

# A URL always means the same, but a new version of the engine may render it differently: kept for a day.
_KEPT = {"Cache-Control": "private, max-age=86400"}


def get_sound(request: Request) -> Response:
    """The WAV file of an audio request; 400 with a message if the URL is not valid."""
    try:
        sound = render_wav(_audio_request(request))
    except (ValueError, CartwrightError) as error:
        return PlainTextResponse(str(error), 400)
    return Response(sound, media_type="audio/wav", headers=_KEPT)


def get_midi_phrase(request: Request) -> Response:
    """An audio request for MIDI: the voice's message on channel 1, and the times of all key events.

    ``{"message": base64, "events": [[seconds, note, velocity], ...], "seconds": total}``; velocity 0 is a key up.
    """
    try:
        requested = _audio_request(request)
    except (ValueError, CartwrightError) as error:
        return PlainTextResponse(str(error), 400)
    phrase = requested.phrase.fitted(requested.voice)
    return JSONResponse(
        {
            "message": base64.b64encode(encode_voice_message(requested.voice)).decode(),
            "events": [list(event) for event in phrase.events()],
            "seconds": phrase.seconds,
        },
        headers=_KEPT,
    )


def get_envelopes(request: Request) -> Response:
    """``{"levels": six lists of dB, "held": seconds, "seconds": total}``: the level of each operator over a note."""
    try:
        voice = decode_voice(request.path_params["voice"])
    except VoiceError as error:
        return PlainTextResponse(str(error), 400)
    levels = np.round(operator_envelopes(voice), 1).tolist()
    return JSONResponse({"levels": levels, "held": SECONDS_HELD, "seconds": SECONDS_TOTAL}, headers=_KEPT)


def _audio_request(request: Request) -> AudioRequest:
    return parse_audio_request(request.path_params["voice"], request.query_params)


AUDIO_ROUTES = (
    Route("/sound/{voice}", get_sound),
    Route("/take/{voice}", get_midi_phrase),
    Route("/envelopes/{voice}", get_envelopes),
)
