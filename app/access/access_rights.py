"""The rights that decide which stories a reader may see, as one value."""

from dataclasses import dataclass

from app.kit.cursor import fingerprint


@dataclass(frozen=True, slots=True)
class AccessRights:
    """What a reader may see: `embargoed` includes stories under embargo."""

    embargoed: bool = False

    @property
    def digest(self) -> str:
        """Return a short hash (16 hexadecimal digits), the same for equal rights alone.

        Cursors contain it, so it depends on nothing but the rights: not on a key, nor a process.
        """
        return fingerprint(f"rights embargoed={int(self.embargoed)}")


PUBLIC = AccessRights()
