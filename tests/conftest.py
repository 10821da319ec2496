"""What is not collected: a peer that the bench compares with, where it is not installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["torch_twin.py"]
