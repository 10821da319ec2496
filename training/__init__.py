"""The training half: a conditional GAN that learns from exports and emits cartridges. See ``training/README.md``."""
