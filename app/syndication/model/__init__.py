"""The neutral model of stories and feeds that every format renders."""
