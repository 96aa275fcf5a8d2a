"""All measurements, in the order of the table."""

from bench.measurement import Measurement
from bench.measurements import articles, cached, headlines, imports, paging

ALL: tuple[Measurement, ...] = (
    *cached.MEASUREMENTS,
    *headlines.MEASUREMENTS,
    *articles.MEASUREMENTS,
    *paging.MEASUREMENTS,
    *imports.MEASUREMENTS,
)
