"""Parts of the Progress page: the export, the learned classifier, the value of more answers."""
