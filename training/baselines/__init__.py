"""Rival designs, trained for as long as the shipped one, on what it learned from, and measured beside it."""
