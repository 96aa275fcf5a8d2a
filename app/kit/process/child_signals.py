"""Signals in child processes."""

import signal
import threading
from multiprocessing import resource_tracker


def block_in_children(number: int) -> None:
    """Block a signal in child processes that start later; this process still handles it.

    A terminal sends SIGINT to its whole process group. A worker that is still starting would end
    with a traceback, and its supervisor would treat that as a crash.
    """
    # A child inherits the signal mask of the thread that starts it. Python runs its handler in
    # the main thread, but the system may deliver the signal to any thread that does not block it.
    threading.Thread(target=threading.Event().wait, name="signals", daemon=True).start()
    # If it started later, it would unblock the signal in the thread that starts it.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {number})
