"""The instrument: voices, banks, sound and MIDI of the Yamaha DX7.

    from dx7 import read_bank, write_cartridge, INIT_VOICE

    bank = read_bank(Path("ROM1A.syx"))
    print(bank.voices()[0].describe())

Sound is in ``dx7.sound.engine``, audio analysis in ``dx7.analysis``, MIDI in ``dx7.hardware.instrument``: they load
libraries that reading a bank does not need.
"""

from dx7.errors import CartwrightError
from dx7.formats.bank_file import BankFile
from dx7.formats.files import read_bank, read_bank_bytes, write_cartridge
from dx7.voices.voice import INIT_VOICE, Voice, repaired_voice

__all__ = [
    "INIT_VOICE",
    "BankFile",
    "CartwrightError",
    "Voice",
    "read_bank",
    "read_bank_bytes",
    "repaired_voice",
    "write_cartridge",
]
