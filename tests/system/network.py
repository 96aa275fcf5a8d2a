"""Machines that are network namespaces on one switch, and can lose their cable or an address.

All packets to such a machine are dropped then, as after a power failure: no connection is refused
or reset.
"""

import ctypes
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.cluster import Machine, Result
from tests.system.programs import require_program

_PREFIX = f"dl{os.getpid()}"
_SWITCH = f"{_PREFIX}-switch"
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Host(Machine):
    """A network namespace with an address."""

    def __init__(self, number: int) -> None:
        self._name, self._port = f"{_PREFIX}-{number}", f"port{number}"
        self.address = f"10.77.0.{number}"
        _ip("netns", "add", self._name)
        cable = ("type", "veth", "peer", "name", "eth0", "netns", self._name)
        _ip("-n", _SWITCH, "link", "add", self._port, *cable)
        self.add_address(self.address)
        for link in ("lo", "eth0"):
            _ip("-n", self._name, "link", "set", link, "up")
        _ip("-n", _SWITCH, "link", "set", self._port, "up")
        self.connect()

    def run(self, function: Callable[[], Result]) -> Result:
        """Call a function in a thread of the namespace; its sockets and children stay there."""

        def inside() -> Result:
            with Path(f"/run/netns/{self._name}").open() as file:
                if _libc.setns(file.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            return function()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(inside).result()

    def disconnect(self) -> None:
        """Disconnect it from all others; the machine itself does not notice."""
        _ip("-n", _SWITCH, "link", "set", self._port, "nomaster")

    def connect(self) -> None:
        """Connect it (again)."""
        _ip("-n", _SWITCH, "link", "set", self._port, "master", "switch")

    def add_address(self, address: str) -> None:
        """Add another address."""
        _ip("-n", self._name, "address", "add", f"{address}/24", "dev", "eth0")

    def remove_address(self, address: str) -> None:
        """Remove an address."""
        _ip("-n", self._name, "address", "delete", f"{address}/24", "dev", "eth0")


@contextmanager
def hosts(number: int) -> Iterator[list[Host]]:
    """Create this many machines that can reach each other."""
    require_program("ip", "iproute2")
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root: sudo make test-system")
    try:
        _ip("netns", "add", _SWITCH)
        _ip("-n", _SWITCH, "link", "add", "switch", "type", "bridge")
    except subprocess.CalledProcessError as wrong:
        _remove()
        pytest.skip(f"this system makes no network namespaces or bridges: {wrong.stderr}")
    try:
        _ip("-n", _SWITCH, "link", "set", "switch", "up")
        yield [Host(item + 1) for item in range(number)]
    finally:
        _remove()


def _remove() -> None:
    for file in Path("/run/netns").glob(f"{_PREFIX}-*"):
        _ip("netns", "delete", file.name)


def _ip(*words: str) -> None:
    program = require_program("ip", "iproute2")
    subprocess.run([program, *words], check=True, capture_output=True, text=True, timeout=60)
