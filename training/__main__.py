"""``python -m training``."""

from dx7.console import run
from training.cli import app

if __name__ == "__main__":
    run(app)
