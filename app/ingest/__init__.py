"""Stories in: feeds and pages. The room is laid out; nothing lives here yet."""
