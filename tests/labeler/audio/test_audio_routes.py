"""Sounds by their addresses: what is rendered for a browser, what a DX7 is sent instead, and what is refused."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.io import wavfile
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dx7.errors import VoiceError
from dx7.formats.reading import read_bank_bytes
from dx7.sound.phrases import phrase_of
from dx7.voices.layout import MAXIMUM
from dx7.voices.parameters import PARAMETER_COUNT
from dx7.voices.voice import INIT_VOICE, Voice
from labeler.audio.audio_request import audio_request_of, decode_voice, encode_voice, parse_audio_request
from labeler.audio.audio_routes import AUDIO_ROUTES
from labeler.audio.rendering import SOUND_RATE, render_wav

VELOCITY_VOICE = INIT_VOICE.replace(op1_velocity_sensitivity=7, op2_output_level=80, op2_velocity_sensitivity=7)

voices = st.builds(
    lambda values: Voice(bytes(v % (int(most) + 1) for v, most in zip(values, MAXIMUM, strict=False)) + b" " * 10),
    st.binary(min_size=PARAMETER_COUNT, max_size=PARAMETER_COUNT),
)


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=list(AUDIO_ROUTES)))


def samples_of(wav: bytes) -> NDArray[np.int16]:
    rate, samples = wavfile.read(io.BytesIO(wav))
    assert rate == SOUND_RATE
    assert wav[:4] == b"RIFF"
    assert wav[36:40] == b"data"  # the page reads samples from byte 44 on
    return samples  # type: ignore[no-any-return]


@given(voices)
def test_a_voice_survives_its_address(voice: Voice) -> None:
    text = encode_voice(voice)
    assert len(text) == 194
    assert decode_voice(text) == voice


@pytest.mark.parametrize("text", ["", "x", "?" * 194, "A" * 193, "A" * 200, "_" * 194, encode_voice(INIT_VOICE) + "="])
def test_what_is_no_voice_is_refused(text: str) -> None:
    with pytest.raises(VoiceError):
        decode_voice(text)


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ({"category": "kazoo"}, "no category 'kazoo'"),
        ({"octave": "3"}, "octave is 3; it must be -2 to 2"),
        ({"velocity": "2"}, "velocity is 2"),
        ({"octave": "x"}, "octave is 'x'"),
        ({"note": "128"}, "note is 128; it must be 0 to 127"),
        ({"note": "60", "velocity": "0"}, "velocity is 0; it must be 1 to 127"),
        ({"note": "60", "held": "nan"}, "held is 'nan'"),
        ({"note": "60", "held": "9"}, "held is '9'"),
        ({"note": "60", "held": "-1"}, "held is '-1'"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(query: Mapping[str, str], match: str, client: TestClient) -> None:
    with pytest.raises(ValueError, match=match):
        audio_request_of(INIT_VOICE, query)
    for kind in ("sound", "take"):
        answer = client.get(f"/{kind}/{encode_voice(INIT_VOICE)}", params=dict(query))
        assert answer.status_code == 400
        assert "it must be" in answer.text or "no category" in answer.text


def test_a_sound_is_a_wav_that_may_be_kept(client: TestClient) -> None:
    answer = client.get(f"/sound/{encode_voice(VELOCITY_VOICE)}?category=brass")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["cache-control"]
    samples = samples_of(answer.content)
    assert 0.5 < len(samples) / SOUND_RATE <= phrase_of("brass").seconds
    assert np.abs(samples).max() > 3000


def test_octaves_velocities_and_notes_sound_different() -> None:
    queries = [{"octave": str(o), "velocity": str(v)} for o in (-2, 0, 2) for v in (-2, 0, 1)]
    queries += [{"note": "60"}, {"note": "61"}, {"note": "60", "velocity": "30"}, {"note": "60", "held": "2"}]
    assert len({render_wav(audio_request_of(VELOCITY_VOICE, query)) for query in queries}) == len(queries)


def test_softer_is_softer_although_every_phrase_is_brought_to_one_level() -> None:
    loud, soft = (samples_of(render_wav(audio_request_of(VELOCITY_VOICE, {"velocity": v}))) for v in ("0", "-2"))
    assert np.abs(soft).max() < 0.5 * np.abs(loud).max()
    quiet = VELOCITY_VOICE.replace(op1_output_level=70)
    again = samples_of(render_wav(audio_request_of(quiet, {})))
    assert 0.7 < np.abs(again).max() / np.abs(loud).max() < 1.4


def test_a_silent_voice_is_half_a_second_of_silence() -> None:
    samples = samples_of(render_wav(audio_request_of(INIT_VOICE.replace(op1_output_level=0), {})))
    assert len(samples) == SOUND_RATE // 2
    assert not samples.any()


def test_a_take_for_midi_has_the_voice_and_the_keys_of_the_phrase(client: TestClient) -> None:
    voice = INIT_VOICE.replace(transpose=48, algorithm=7)
    take = client.get(f"/take/{encode_voice(voice)}?category=bell&octave=2").json()
    bank = read_bank_bytes(base64.b64decode(take["message"]))
    assert bank.decoded.unpacked[0].tobytes()[:PARAMETER_COUNT] == voice.parameters
    phrase = parse_audio_request(encode_voice(voice), {"category": "bell", "octave": "2"}).phrase.fitted(voice)
    assert [tuple(event) for event in take["events"]] == [tuple(event) for event in phrase.events()]
    assert all(note + 24 <= 127 for _, note, _ in take["events"])
    downs = sum(velocity > 0 for _, _, velocity in take["events"])
    assert downs == len(take["events"]) - downs == len(phrase_of("bell").notes)


@given(st.text(max_size=250) | st.text("AZaz09-_", min_size=190, max_size=198))
def test_any_address_is_a_voice_or_refused(text: str) -> None:
    with suppress(VoiceError):
        assert encode_voice(decode_voice(text)) == text


def test_envelopes_by_address(client: TestClient) -> None:
    answer = client.get(f"/envelopes/{encode_voice(INIT_VOICE)}").json()
    assert [len(row) for row in answer["levels"]] == [96] * 6
    assert answer["held"] < answer["seconds"]
    assert client.get("/envelopes/x").status_code == 400
