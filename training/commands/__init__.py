"""The commands of ``python -m training``, a file for each kind. What needs JAX is imported inside them."""
