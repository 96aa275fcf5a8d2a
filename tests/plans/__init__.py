"""What the statements of both sides cost in an archive of some size, whatever a planner knows."""
