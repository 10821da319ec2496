"""Parts that several pages draw: the voice grid, the panel, charts, the bar above every page."""
