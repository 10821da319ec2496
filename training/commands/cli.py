"""``python -m training``: train a model, evaluate it, and sample cartridges."""

from __future__ import annotations

from dx7.commands.console import new_app
from training.commands import cli_measure, cli_sample, cli_train

app = new_app("Train a model on an export, evaluate it, and sample cartridges.")
for commands in (cli_train, cli_measure, cli_sample):
    commands.register(app)
