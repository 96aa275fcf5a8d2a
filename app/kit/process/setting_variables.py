"""Environment variables of settings: unknown ones are found, and secrets may be in files.

`NAME_FILE` names a file whose content is the value of `NAME`. Docker, Kubernetes and systemd pass
secrets in files, since the environment of a process is inherited by its children and appears in
reports of crashes.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.kit.process.system_errors import describe_os_error
from app.kit.similar_names import find_nearest

_FILE = "_file"
SERVICE_ADDRESS = re.compile(r"(?:tcp|udp|sctp)://")


@dataclass(frozen=True, slots=True)
class SettingVariables:
    """The variables of some settings, which begin with a prefix; `secrets` may be in files.

    `removed` has what is to be said about former variables.
    """

    prefix: str
    names: Collection[str]
    secrets: Collection[str]
    removed: Mapping[str, str]

    def find_name(self, setting: str, in_files: Collection[str] = ()) -> str:
        """Return the variable of a setting, or that of its file."""
        return f"{self.prefix}{setting}{_FILE if setting in in_files else ''}".upper()

    def read_files(
        self, environment: Mapping[str, str], settings: Iterable[str]
    ) -> tuple[dict[str, str], list[str]]:
        """Return those of some secrets that are in files, and an error for each wrong file."""
        given = {name.upper(): value for name, value in environment.items()}
        values: dict[str, str] = {}
        errors: list[str] = []
        for setting in settings:
            variable, file = self.find_name(setting), self.find_name(setting, [setting])
            if file not in given:
                continue
            try:
                if variable in given:
                    raise ValueError(f"{variable} is set as well; remove one of them")
                values[setting] = _read(given[file])
            except ValueError as error:
                errors.append(f"{file}: {error}")
        return values, errors

    def replace_files(
        self, environment: Mapping[str, str], values: Mapping[str, object]
    ) -> dict[str, object]:
        """Return values for child processes, which read the files of unchanged secrets.

        A file that an option of the command line has replaced is removed from their variables.
        """
        kept, (in_files, _) = dict(values), self.read_files(environment, self.secrets)
        for setting in self.secrets:
            if setting in in_files and in_files[setting] == kept[setting]:
                del kept[setting]
            elif self.find_name(setting, [setting]) in environment:
                kept[f"{setting}{_FILE}"] = None
        return kept

    def find_unknown(self, environment: Mapping[str, str]) -> Iterator[str]:
        """Yield an error for each variable that looks like a setting and is not one."""
        names = (*self.names, *(f"{name}{_FILE}" for name in self.secrets))
        known = {self.find_name(name) for name in names}
        for variable, value in environment.items():
            name = variable.upper()
            if not name.startswith(self.prefix) or name in known:
                continue
            if name in self.removed:
                yield f"{variable}: {self.removed[name]}"
            elif not (self._is_service_link(name) or SERVICE_ADDRESS.match(value)):
                guess = find_nearest(name.removeprefix(self.prefix).lower(), names)
                meant = f"; is {self.find_name(guess)} meant?" if guess else ""
                yield f"{variable}: there is no such setting{meant}"

    def _is_service_link(self, name: str) -> bool:
        """Tell whether Kubernetes sets a variable for a service whose name begins like settings."""
        return re.fullmatch(rf"{self.prefix}(?:\w+_)?(?:SERVICE|PORT)_\w+", name) is not None


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
