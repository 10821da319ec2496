"""Entry point of ``python -m training``."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while modules load ends without a word; run() takes over

from dx7.commands.console import run
from training.commands.cli import app

run(app)
