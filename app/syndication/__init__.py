"""Stories out: formats, push, sync, stream. The room is laid out; nothing lives here yet."""
