"""The response cache: finished answers in memory, fresh, in front of the framework."""
