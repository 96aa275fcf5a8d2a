"""`dateline`, command by command."""
