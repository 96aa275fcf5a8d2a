"""What holds a result back whose goal was missed, as profiles showed it."""

_MADE_ANEW = (
    "what ADRs 29 and 67 take off is too little. Of what is left the rows are a third, joining "
    "them and the hash of the bytes a quarter, and some 250 calls of Python around them the rest. "
    "A busy server finds their code cold, and there they cost twice what a loop shows"
)
REASONS: dict[str, str] = {
    "headlines-floor": _MADE_ANEW,
}
