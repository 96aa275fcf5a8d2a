"""Find stories. The room is laid out; nothing lives here yet."""
