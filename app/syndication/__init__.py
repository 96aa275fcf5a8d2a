"""Stories out, and word of them: what follows the log and tells others."""
