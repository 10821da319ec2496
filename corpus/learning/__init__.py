"""What answers teach: the category ear, how far each source of opinions is trusted, how good both are."""
