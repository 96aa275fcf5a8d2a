"""Stories out, and word of them."""
