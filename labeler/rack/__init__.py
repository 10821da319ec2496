"""The rack: voices side by side, to be heard, marked, ordered and answered; every page but the deck has one."""
