"""Parts of the Explore page: the map, the finder, the search state, tiles of voices found."""
