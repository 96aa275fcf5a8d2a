"""Secrets in files: `NAME_FILE` names a file whose content is the value of `NAME`.

Docker, Kubernetes and systemd pass secrets in files, since the environment of a process is
inherited by its children and appears in reports of crashes.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from app.kit.process.system_errors import describe_os_error

_END = "_FILE"


def file_variable(variable: str) -> str:
    """Return the variable that names the file of another variable."""
    return f"{variable}{_END}"


def read_secret_files(
    environment: Mapping[str, str], variables: Iterable[str]
) -> tuple[dict[str, str], list[str]]:
    """Return the values that files have by their variables, and an error for each wrong file."""
    given = {name.upper(): value for name, value in environment.items()}
    values: dict[str, str] = {}
    errors: list[str] = []
    for variable in variables:
        path = given.get(file_variable(variable))
        if path is None:
            continue
        try:
            if variable in given:
                raise ValueError(f"{variable} is set as well; remove one of them")
            values[variable] = _read(path)
        except ValueError as error:
            errors.append(f"{file_variable(variable)}: {error}")
    return values, errors


def _read(path: str) -> str:
    """Return the content of a file without the line breaks at its end; raise `ValueError`."""
    if not path:
        raise ValueError("give the path of a file, or remove this variable")
    try:
        text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8; give a file with the value alone") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {describe_os_error(error)}") from None
    if not text:
        raise ValueError(f"{path} is empty; write the value to it")
    return text
