"""Entry point of ``python -m dx7``."""

from dx7.cli import app
from dx7.console import run

run(app)
