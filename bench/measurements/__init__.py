"""All measurements, in the order of the table."""

from bench.measurement import Measurement
from bench.measurements import articles, headlines, imports, paging

ALL: tuple[Measurement, ...] = (
    *headlines.MEASUREMENTS,
    *articles.MEASUREMENTS,
    *paging.MEASUREMENTS,
    *imports.MEASUREMENTS,
)
