"""Files into the store, with books that balance; and files out of it again, byte for byte."""
