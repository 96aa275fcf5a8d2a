"""The process that started this one, where there is such a one."""

import multiprocessing
import os
import signal
import threading


def end_with_parent() -> None:
    """Ask this process to end, as an operator would, once the one that started it is gone.

    A process that is killed outright cannot end its children; nobody would supervise them any
    longer, and they would hold its port for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait_for_parent() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_parent, name="parent", daemon=True).start()
