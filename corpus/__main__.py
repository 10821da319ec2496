"""Entry point of ``python -m corpus``."""

from corpus.cli import app
from dx7.console import run

run(app)
