"""The operating system process: signals, logs, files, permissions and limits."""
