"""The costs of all statements in an archive of some size, for any state of the planner."""
