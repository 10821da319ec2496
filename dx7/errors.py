"""Every failure that Cartwright foresees, in one tree.

    CartwrightError                 one sentence for the user; commands print it and exit 1
    ├── VoiceError                  a voice that would not be legal
    ├── FormatError                 bytes that do not fit the expected format
    ├── FileError                   a file or folder that cannot be read or written
    ├── CategoryError               an undefined category, or a broken categories.toml
    ├── EngineError                 the sounding engine refused
    ├── MidiError                   no MIDI here, or no such port
    │   └── RefusedMessageError     a message that could harm an instrument; it was not sent
    ├── ScrapeError                 a collection on the web that cannot be fetched
    ├── StoreError                  the DuckDB store cannot be used
    │   └── StoreBusyError          another program holds it
    ├── JournalError                the label journal cannot be read or written
    ├── ExportError                 an export is missing, damaged or empty
    │   └── PolicyError             a policy is missing or invalid
    ├── ModelError                  a model or a run is missing, damaged or does not fit
    └── CartridgeError              a cartridge in the making that a change does not fit

Programmer mistakes stay ``TypeError`` and ``ValueError``. Bulk readers do not raise: they return
results and issues together (see ``dx7/formats/issues.py``).
"""

from __future__ import annotations


class CartwrightError(Exception):
    """A foreseen failure. The text is one sentence: what was wrong, where, and what to do."""


class VoiceError(CartwrightError):
    """A voice that would not be legal: a value out of range, a wrong length, a bad name."""


class FormatError(CartwrightError):
    """Bytes that do not fit the expected format."""


class FileError(CartwrightError):
    """A file or folder that cannot be read or written."""


class CategoryError(CartwrightError):
    """An undefined category, or a ``categories.toml`` that cannot be used."""


class EngineError(CartwrightError):
    """The sounding engine refused a render."""


class MidiError(CartwrightError):
    """There is no MIDI on this machine, or no port of that name."""


class RefusedMessageError(MidiError):
    """A MIDI message that is not on the allow-list. Nothing was sent."""


class ScrapeError(CartwrightError):
    """A collection on the web that is unknown or cannot be fetched."""


class StoreError(CartwrightError):
    """The DuckDB store is missing, damaged or of another schema version."""


class StoreBusyError(StoreError):
    """Another program holds the store."""


class JournalError(CartwrightError):
    """A label journal cannot be read or written."""


class ExportError(CartwrightError):
    """An export is missing, damaged or holds nothing to train on."""


class PolicyError(ExportError):
    """A policy that does not exist, or has an invalid field."""


class ModelError(CartwrightError):
    """A model or a training run is missing, damaged or does not fit."""


class CartridgeError(CartwrightError):
    """A change that does not fit a cartridge in the making: it is full, or the slot is empty."""
