"""What the page is started with. Streamlit runs it in another process, so this travels in the environment."""

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
    """The store to label from."""
    return Path(os.environ.get(STORE_VARIABLE) or store_file())


def server_address() -> str:
    """Where the server listens."""
    return os.environ.get(ADDRESS_VARIABLE) or "127.0.0.1"


def serving_shares() -> RecheckShares:
    """What share of servings asks again, and asks a second person; one that makes no sense is the usual one."""
    try:
        return RecheckShares(inter=float(os.environ.get(AGREEMENT_VARIABLE) or INTER_SHARE))
    except ValueError:
        return RecheckShares()


def default_labeller() -> str:
    """Who labels unless the page is told otherwise: the one named at the start, or the user of the machine."""
    try:
        return clean_labeller(os.environ.get(LABELLER_VARIABLE) or getpass.getuser())
    except (OSError, KeyError):  # a container may run under a user without a name
        return clean_labeller("")
