"""All measurements, in the order of the tables."""

from bench.measurement import Measurement
from bench.measurements import (
    cached,
    creating,
    feeds,
    growth,
    headlines,
    imports,
    layers,
    limits,
    memory,
    paging,
    partners,
    postgresql,
    publishing,
    pushing,
    streaming,
    syncing,
)

ALL: tuple[Measurement, ...] = (
    *cached.MEASUREMENTS,
    *headlines.MEASUREMENTS,
    *feeds.MEASUREMENTS,
    *paging.MEASUREMENTS,
    *growth.MEASUREMENTS,
    *creating.MEASUREMENTS,
    *publishing.MEASUREMENTS,
    *pushing.MEASUREMENTS,
    *syncing.MEASUREMENTS,
    *streaming.MEASUREMENTS,
    *postgresql.MEASUREMENTS,
    *partners.MEASUREMENTS,
    *limits.MEASUREMENTS,
    *memory.MEASUREMENTS,
    *imports.MEASUREMENTS,
)
LAYERS: tuple[Measurement, ...] = layers.MEASUREMENTS
