"""Three of Dateline's answers, written as a good FastAPI tutorial teaches it."""
