"""The labeller: a browser page to hear voices and say what they are. It draws; ``corpus`` decides."""
