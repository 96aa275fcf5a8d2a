"""Digital source types as URIs of IPTC or schema.org."""

_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_SCHEMA_ORG = "https://schema.org/"
# From schema.org's IPTCDigitalSourceEnumeration; other codes use IPTC's URI.
_MEMBERS = {
    "algorithmicMedia": "AlgorithmicMedia",
    "algorithmicallyEnhanced": "AlgorithmicallyEnhanced",
    "composite": "Composite",
    "compositeCapture": "CompositeCapture",
    "compositeSynthetic": "CompositeSynthetic",
    "compositeWithTrainedAlgorithmicMedia": "CompositeWithTrainedAlgorithmicMedia",
    "computationalCapture": "MultiFrameComputationalCapture",
    "dataDrivenMedia": "DataDrivenMedia",
    "digitalArt": "DigitalArt",
    "digitalCapture": "DigitalCapture",
    "minorHumanEdits": "MinorHumanEdits",
    "negativeFilm": "NegativeFilm",
    "positiveFilm": "PositiveFilm",
    "print": "Print",
    "screenCapture": "ScreenCapture",
    "trainedAlgorithmicMedia": "TrainedAlgorithmicMedia",
    "virtualRecording": "VirtualRecording",
}


def iptc_uri(code: str | None) -> str | None:
    """Return the URI of a code in IPTC's vocabulary."""
    return None if code is None else f"{_IPTC}{code}"


def schema_org_uri(code: str | None) -> str | None:
    """Return schema.org's URI of a code, or IPTC's if schema.org has none."""
    if code is None or code not in _MEMBERS:
        return iptc_uri(code)
    return f"{_SCHEMA_ORG}{_MEMBERS[code]}DigitalSource"
