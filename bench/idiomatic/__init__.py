"""The same two answers as a good FastAPI tutorial would teach to write them."""
