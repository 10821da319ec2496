"""One answer of a person to one voice, and its journal line."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from enum import StrEnum
from hashlib import sha256

from corpus.storage.suggestion import Suggestion
from dx7.errors import JournalError
from dx7.voices.identity import ID_LENGTH

LONGEST_LABELLER = 40  # characters
MOST_CATEGORIES = 8  # of one voice
MOST_COVERED = 20_000  # further voices that one answer covers
LONGEST_LINE = 16_384 + 36 * MOST_COVERED  # bytes; a line without covered voices has about 500
QUALITIES = range(1, 6)
_HEX_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


class AnswerKind(StrEnum):
    """What a person can say about a voice."""

    LABEL = "label"
    UNSURE = "unsure"  # listened, and does not know
    BROKEN = "broken"  # not a usable sound
    SKIP = "skip"  # ask again later
    FAVOURITE = "favourite"
    UNFAVOURITE = "unfavourite"
    QUALITY = "quality"  # 1, useless, to 5, excellent
    UNDO = "undo"  # takes back one earlier answer of the same labeller


class Page(StrEnum):
    """The page of the app where an answer was given: the values of ``page`` in a journal."""

    DECK = "deck"
    FAMILIES = "families"
    REVIEW = "review"
    EXPLORE = "explore"
    CARTRIDGE = "cartridge"
    UNKNOWN = ""  # imported, or written by a version that did not record pages


class Lane(StrEnum):
    """Why the deck served a voice: the values of ``lane`` in a journal.

    Answers given in review hold the kind of the review list instead (``corpus/review/cases.py``).
    """

    CHOSEN = "chosen"  # by acquisition score
    CONTROL = "control"  # drawn at random
    INTRA_RECHECK = "again"  # the same person answered it before
    INTER_RECHECK = "agreement"  # one other person answered it before
    SKIPPED = "skipped"  # this person skipped it
    NONE = ""  # not served by the deck


class HeardOn(StrEnum):
    """What a voice was listened to on: the values of ``heard`` in a journal."""

    ENGINE = "engine"  # the built-in engine
    DX7 = "dx7"  # a DX7 connected to the server
    WEB_MIDI = "web_midi"  # a DX7 connected to the browser's computer
    IMPORTED = "import"  # unknown: the answer came from a file
    NOT_HEARD = "none"  # not listened to


PLAYBACK_DEVICES = (HeardOn.ENGINE, HeardOn.DX7, HeardOn.WEB_MIDI)
WITHOUT_LISTENING = (HeardOn.IMPORTED.value, HeardOn.NOT_HEARD.value)  # plain strings, for SQL


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of a journal: who said what about which voice, when, and what was on screen.

    ``event`` names the answer, 32 hexadecimal digits. ``categories`` has the main one first and is empty unless a
    label. ``quality`` is 1 to 5 of a quality, else None. ``undoes`` is the event that an undo takes back. ``covers``
    are further voices that a label or broken is for: the rest of a family or a selection.

    ``heard`` is a :class:`HeardOn`, ``page`` a :class:`Page`, ``lane`` a :class:`Lane`; journals of other versions may
    hold other values, which are kept. ``token`` names the serving that was answered, or is the start of the SHA-256 of
    the file that was imported. ``dwell_seconds`` is how long the voice had sounded. ``vocabulary`` names the categories
    there were to choose from (:func:`vocabulary_of`).

    Use ``new_answer.py`` to make one. Raises ``JournalError`` for an inconsistent answer.
    """

    event: str
    labeller: str
    time: datetime
    voice_id: str
    answer: AnswerKind
    categories: tuple[str, ...] = ()
    undoes: str | None = None
    heard: str = HeardOn.ENGINE
    token: str = ""
    dwell_seconds: float = 0.0
    suggestion: Suggestion | None = None
    vocabulary: str = ""
    quality: int | None = None
    page: str = ""
    lane: str = ""
    covers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problem = _problem_of(self)
        if problem:
            raise JournalError(f"no answer: {problem}")


def clean_labeller(name: str) -> str:
    """A person's name as written in journals and file names: letters, digits, ``.``, ``-`` and ``_``.

    >>> clean_labeller(" Jürgen / ../x "), clean_labeller("???")
    ('Jürgen-x', 'anonymous')
    """
    kept = (c if c.isalnum() or c in "._-" else "-" for c in unicodedata.normalize("NFKC", name))
    cleaned = re.sub(r"-*\.\.+-*|--+", "-", "".join(kept))
    return cleaned.strip("-._")[:LONGEST_LABELLER].strip("-._") or "anonymous"


def vocabulary_of(category_keys: Iterable[str]) -> str:
    """12 hexadecimal digits that identify a list of categories."""
    return sha256("\n".join(category_keys).encode()).hexdigest()[:12]


def encode_answer(answer: Answer) -> bytes:
    """The journal line of an answer, with its line end."""
    fields = asdict(answer) | {"time": answer.time.astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def decode_answer(line: bytes) -> Answer:
    """The answer of a journal line; reverse of :func:`encode_answer`. Unknown fields, of later versions, are ignored.

    Raises ``JournalError`` with what is wrong.
    """
    if len(line) > LONGEST_LINE:
        raise JournalError(f"the line has {len(line)} bytes; an answer has at most {LONGEST_LINE}")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise JournalError("the line is not JSON; it may have been cut off") from None
    if not isinstance(fields, Mapping):
        raise JournalError("the line is not a JSON object")
    try:
        suggestion, categories = fields.get("suggestion"), fields.get("categories", [])
        covers = fields.get("covers", [])
        if not (isinstance(categories, list) and isinstance(covers, list)):  # a string would pass as a sequence
            raise TypeError("categories or covers is no list")
        return Answer(
            event=str(fields["event"]),
            labeller=str(fields["labeller"]),
            time=datetime.fromisoformat(fields["time"]),
            voice_id=str(fields["voice_id"]),
            answer=AnswerKind(fields["answer"]),
            categories=tuple(categories),
            undoes=fields.get("undoes"),
            heard=str(fields.get("heard", HeardOn.ENGINE)),
            token=str(fields.get("token", "")),
            dwell_seconds=float(fields.get("dwell_seconds", 0)),
            suggestion=suggestion and Suggestion(**{key: suggestion[key] for key in Suggestion.__slots__}),
            vocabulary=str(fields.get("vocabulary", "")),
            quality=fields.get("quality"),
            page=str(fields.get("page", "")),
            lane=str(fields.get("lane", "")),
            covers=tuple(covers),
        )
    except KeyError as missing:
        raise JournalError(f"the field {missing.args[0]} is missing") from None
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise JournalError(f"a field cannot be read: {error}") from None


def _problem_of(answer: Answer) -> str | None:
    if not _HEX_ID.fullmatch(answer.event):
        return f"the event {answer.event!r} is not {ID_LENGTH} hexadecimal digits"
    if not _HEX_ID.fullmatch(answer.voice_id):
        return f"the voice {answer.voice_id!r} is not {ID_LENGTH} hexadecimal digits"
    if answer.labeller != clean_labeller(answer.labeller):
        return f"the labeller {answer.labeller!r} is not a clean name like {clean_labeller(answer.labeller)!r}"
    if answer.time.tzinfo is None:
        return "the time has no time zone"
    if not MINYEAR < answer.time.year < MAXYEAR:  # other time zones need a year to spare
        return f"the time is {answer.time.isoformat()}"
    if bool(answer.categories) != (answer.answer is AnswerKind.LABEL):
        return f"{answer.answer} with {len(answer.categories)} categories; a label has some, nothing else has"
    if len(set(answer.categories)) < len(answer.categories) or len(answer.categories) > MOST_CATEGORIES:
        return f"the categories {answer.categories!r} repeat themselves or are more than {MOST_CATEGORIES}"
    if not all(isinstance(key, str) and _KEY.fullmatch(key) for key in answer.categories):
        return f"the categories {answer.categories!r} are not all category keys"
    if (answer.undoes is not None) != (answer.answer is AnswerKind.UNDO):
        return "an undo, and nothing else, names the event it takes back"
    if answer.undoes is not None and not _HEX_ID.fullmatch(str(answer.undoes)):
        return f"the undone event {answer.undoes!r} is not {ID_LENGTH} hexadecimal digits"
    if (answer.answer is AnswerKind.QUALITY) != (type(answer.quality) is int and answer.quality in QUALITIES):
        return f"{answer.answer} with the quality {answer.quality!r}; a quality has 1 to 5, nothing else has"
    if not (math.isfinite(answer.dwell_seconds) and answer.dwell_seconds >= 0):
        return f"the voice sounded for {answer.dwell_seconds} seconds"
    return _problem_of_covers(answer) if answer.covers else None


def _problem_of_covers(answer: Answer) -> str | None:
    if answer.answer not in (AnswerKind.LABEL, AnswerKind.BROKEN):
        return f"{answer.answer} covers other voices; only a label or broken can"
    if len(answer.covers) > MOST_COVERED:
        return f"it covers {len(answer.covers)} voices, more than {MOST_COVERED}"
    if len({answer.voice_id, *answer.covers}) <= len(answer.covers):
        return "a voice is covered twice, or by itself"
    if not all(isinstance(voice, str) and _HEX_ID.fullmatch(voice) for voice in answer.covers):
        return f"the voices it covers are not all {ID_LENGTH} hexadecimal digits"
    return None
