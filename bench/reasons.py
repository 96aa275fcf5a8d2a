"""What holds a result back whose goal was missed, as profiles showed it."""

REASONS: dict[str, str] = {}
