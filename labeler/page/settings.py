"""Settings of the app. Streamlit runs in a process of its own, so they are passed as environment variables."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from corpus.labels.answer import clean_labeller
from corpus.labels.rechecks import INTER_SHARE, RecheckShares
from dx7.shared.locations import store_file

STORE_VARIABLE = "CARTWRIGHT_STORE"
LABELLER_VARIABLE = "CARTWRIGHT_LABELLER"
AGREEMENT_VARIABLE = "CARTWRIGHT_AGREEMENT"
ADDRESS_VARIABLE = "CARTWRIGHT_ADDRESS"


def store_path() -> Path:
    """The store that the pages show."""
    return Path(os.environ.get(STORE_VARIABLE) or store_file())


def server_address() -> str:
    """The address that the server listens on."""
    return os.environ.get(ADDRESS_VARIABLE) or "127.0.0.1"


def serving_shares() -> RecheckShares:
    """How often voices are asked again, of the same or a second person; the default if the setting is invalid."""
    try:
        return RecheckShares(inter=float(os.environ.get(AGREEMENT_VARIABLE) or INTER_SHARE))
    except ValueError:
        return RecheckShares()


def default_labeller() -> str:
    """The labeller if the page names none: the one named at the start, else the user of the machine."""
    try:
        return clean_labeller(os.environ.get(LABELLER_VARIABLE) or getpass.getuser())
    except (OSError, KeyError):  # a container may run under a user without a name
        return clean_labeller("")
