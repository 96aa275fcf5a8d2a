"""The access rights that decide which stories a reader may see."""

from dataclasses import dataclass

from app.kit.cursor import fingerprint


@dataclass(frozen=True, slots=True)
class AccessRights:
    """What a reader may see: `embargoed` includes stories under embargo."""

    embargoed: bool = False

    @property
    def digest(self) -> str:
        """Return a short hash (16 hexadecimal digits), which differs for different rights.

        Cursors contain it, so it must not depend on a key or a process.
        """
        return fingerprint(f"rights embargoed={int(self.embargoed)}")


PUBLIC = AccessRights()
