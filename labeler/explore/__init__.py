"""The Explore page's parts: the map, the finder, and what is shown of voices."""
