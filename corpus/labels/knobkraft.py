"""Labels as KnobKraft Orm's Patch Interchange Format (PIF): JSON with a header and a library of patches.

    {"Header": {"FileFormat": "PatchInterchangeFormat", "Version": 1},
     "Library": [{"Synth", "Name", "Sysex", "Favorite", "Place", "Bank", "Categories", "NonCategories",
                  "SourceInfo", "Comment", "Author", "Info"}, ...]}

Version 0 is the bare list. ``Sysex`` is base64 of the single voice message on channel 1, the only kind that KnobKraft's
DX7 accepts; ``Favorite`` is 1, 0 or null for unset; ``Place`` counts from 0; ``Categories`` are those that a person
chose. KnobKraft skips unknown fields, so what PIF cannot express is written to ``Cartwright``. It is lost once
KnobKraft writes the file.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from corpus.labels.answer import Answer, AnswerKind, encode_answer
from corpus.labels.label_rows import CategoryNames, LabelRow, LabelsRead, Problem, load_knobkraft, make_row
from corpus.labels.voice_card import VoiceCard
from dx7.errors import CartwrightError, FormatError
from dx7.formats.files import read_bank_bytes
from dx7.formats.messages import encode_voice_message
from dx7.voices.identity import voice_id

FILE_FORMAT, VERSION = "PatchInterchangeFormat", 1
OURS = "Cartwright"
LONGEST_SYSEX = 100_000  # characters of base64; a voice has 220
MOST_ANSWERS = 100  # of one patch
# Fields that a journal cannot express.
_NOT_TAKEN = {"Comment": "comment", "Author": "author", "Info": "info", "Hidden": "hidden"}


def read_pif(data: bytes, names: CategoryNames) -> LabelsRead:
    """The answers of a PIF file: a label from the categories of a patch, and whether it is a favourite.

    ``left_out`` counts patches of other instruments, unknown categories, categories a patch is *not* in, and comments.
    Hidden does not mean broken: it says that somebody did not want to see the patch. Raises ``FormatError`` if the file
    is no PIF.
    """
    read = LabelsRead()
    for number, patch in enumerate(_library(data), 1):
        if not isinstance(patch, Mapping):
            read.problems.append(Problem(number, "it is no patch"))
            continue
        try:
            read.rows += _read_patch(number, patch, names, read)
        except CartwrightError as error:
            read.problems.append(Problem(number, str(error)))
    return read


def encode_pif(answers: Iterable[Answer], cards: Mapping[str, VoiceCard]) -> bytes:
    """A PIF file of the voices that have answers and cards, with the categories of all people together."""
    table = load_knobkraft()
    by_voice: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        if answer.voice_id in cards:
            by_voice[answer.voice_id].append(answer)
    library = []
    for voice, given in by_voice.items():
        card = cards[voice]
        name = card.names[0] if card.names else card.voice.name
        categories = (table.theirs.get(key, key) for answer in given for key in answer.categories)
        patch: dict[str, Any] = {
            "Synth": table.synth,
            "Name": "".join(letter if letter.isprintable() else " " for letter in name),
            "Favorite": 1 if any(answer.answer is AnswerKind.FAVOURITE for answer in given) else None,
            "Categories": list(dict.fromkeys(categories)),
            "Sysex": base64.b64encode(encode_voice_message(card.voice)).decode(),
            OURS: {
                "voice_id": voice,
                "answers": [json.loads(encode_answer(replace(answer, covers=()))) for answer in given],
            },
        }
        if card.places:
            place = card.places[0]
            patch["Place"] = place.slot - 1
            patch["SourceInfo"] = {
                "filesource": True,
                "filename": place.path.rpartition("/")[2],
                "fullpath": place.path,
                "program": place.slot - 1,
            }
        library.append(patch)
    document = {"Header": {"FileFormat": FILE_FORMAT, "Version": VERSION}, "Library": library}
    return json.dumps(document, indent=1, ensure_ascii=True).encode()


def _library(data: bytes) -> list[Any]:
    try:
        document = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise FormatError("it is no JSON, or was cut off") from None
    if isinstance(document, list):
        return document
    header = document.get("Header") if isinstance(document, Mapping) else None
    if not isinstance(header, Mapping) or header.get("FileFormat") != FILE_FORMAT:
        raise FormatError(f"it is JSON, but not KnobKraft's: its header names no {FILE_FORMAT}")
    library = document.get("Library")
    if not isinstance(library, list):
        raise FormatError("it has no library of patches")
    return library


def _read_patch(number: int, patch: Mapping[str, Any], names: CategoryNames, read: LabelsRead) -> list[LabelRow]:
    voice = _voice_of(patch, read)
    if voice is None:
        return []
    read.left_out.update(what for key, what in _NOT_TAKEN.items() if patch.get(key))
    ours = patch.get(OURS)
    if isinstance(ours, Mapping) and ours.get("voice_id") == voice and isinstance(ours.get("answers"), list):
        return [_own_row(number, voice, fields) for fields in ours["answers"][:MOST_ANSWERS]]
    categories: dict[str, None] = {}
    for name in _texts(patch.get("Categories")):
        found, unknown = names.find(name)
        categories |= dict.fromkeys(found)
        read.left_out.update(f"category {each}" for each in unknown)
    read.left_out.update(f"not category {name}" for name in _texts(patch.get("NonCategories")))
    rows = [make_row(number, voice, categories)] if categories else []
    favourite = _favourite(patch.get("Favorite"))
    if favourite is not None:
        rows.append(LabelRow(number, voice, AnswerKind.FAVOURITE if favourite else AnswerKind.UNFAVOURITE))
    return rows


def _voice_of(patch: Mapping[str, Any], read: LabelsRead) -> str | None:
    """The id of the voice of a patch; None, and counted, if it is for another instrument."""
    synth, sysex = patch.get("Synth"), patch.get("Sysex")
    if not isinstance(sysex, str):
        raise FormatError("it has no Sysex")
    try:
        data = base64.b64decode(sysex[:LONGEST_SYSEX], validate=True)
    except (binascii.Error, ValueError):
        raise FormatError("its Sysex is not base64") from None
    bank = read_bank_bytes(data)
    if not any("message" in block.found_as for block in bank.blocks):
        if synth != load_knobkraft().synth:
            read.left_out[f"patch for {synth}"] += 1
            return None
        raise FormatError(f"its Sysex is no DX7 voice: {bank.issues[-1].message if bank.issues else 'no message'}")
    if bank.voice_count != 1:
        raise FormatError(f"its Sysex holds {bank.voice_count} voices, not one")
    return voice_id(bank.decoded.unpacked[0].tobytes())


def _own_row(number: int, voice: str, fields: Any) -> LabelRow:
    if not isinstance(fields, Mapping):
        raise FormatError(f"what {OURS} noted of it is no answer")
    said = {what: str(fields.get(what) or "") for what in ("answer", "labeller", "time", "event", "quality")}
    return make_row(number, voice, _texts(fields.get("categories")), **said)


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _favourite(value: Any) -> bool | None:
    if isinstance(value, str):
        value = int(value) if value.strip().lstrip("-").isdecimal() and len(value) < 10 else None
    if not isinstance(value, int) or value < 0:  # null and -1: never said
        return None
    return value != 0
