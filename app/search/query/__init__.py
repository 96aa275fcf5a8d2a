"""From what a user typed to a query for the engine: parsing, variants of words, scores."""
