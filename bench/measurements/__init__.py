"""All measurements, in the order of the table."""

from bench.measurement import Measurement
from bench.measurements import (
    articles,
    cached,
    feeds,
    growth,
    headlines,
    imports,
    memory,
    paging,
    publishing,
    pushing,
    streaming,
    syncing,
)

ALL: tuple[Measurement, ...] = (
    *cached.MEASUREMENTS,
    *headlines.MEASUREMENTS,
    *articles.MEASUREMENTS,
    *feeds.MEASUREMENTS,
    *paging.MEASUREMENTS,
    *growth.MEASUREMENTS,
    *publishing.MEASUREMENTS,
    *pushing.MEASUREMENTS,
    *syncing.MEASUREMENTS,
    *streaming.MEASUREMENTS,
    *memory.MEASUREMENTS,
    *imports.MEASUREMENTS,
)
