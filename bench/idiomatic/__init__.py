"""Three of Dateline's endpoints, written as a good FastAPI tutorial teaches it."""
