"""Digital source types as formats write them: by IPTC's addresses, or those of schema.org."""

_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_SCHEMA_ORG = "https://schema.org/"
# Of schema.org's IPTCDigitalSourceEnumeration; where a code has no member there, IPTC's own
# address names it.
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
    """Return the address of a code in IPTC's vocabulary."""
    return None if code is None else f"{_IPTC}{code}"


def schema_org_uri(code: str | None) -> str | None:
    """Return the address of schema.org's word for a code, or IPTC's where it has none."""
    if code is None or code not in _MEMBERS:
        return iptc_uri(code)
    return f"{_SCHEMA_ORG}{_MEMBERS[code]}DigitalSource"
