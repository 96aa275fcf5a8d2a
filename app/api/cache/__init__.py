"""The response cache: current answers in memory, in front of the framework."""
