"""What holds a result back whose goal was missed, as profiles showed it."""

_MADE_ANEW = (
    "what ADRs 29 and 67 take off is too little. Of what is left the rows are a third, joining "
    "them and the hash of the bytes a quarter, and some 250 calls of Python around them the rest. "
    "A busy server finds their code cold, and there they cost twice what a loop shows"
)
REASONS: dict[str, str] = {
    "verb-sqlite": (
        "a bare row changes some three pages of the file, and its sync is all but free here. A"
        " verb keeps a snapshot, a document, a row of the log and one of the audit: it changes"
        " 34 (correct) to 73 pages (kill), and to commit so many pages of another table by "
        "itself takes four to eight times as long as the bare commit, before a line of Python."
        " A request that asks for nothing (`/healthz`) takes three times as long with the same"
        " client. With the file in memory, where a bare row takes 0.02 ms, the statements of a "
        "verb alone take 21 times as long and the request 25 times; on a disk whose sync takes "
        "1.5 ms, the statements take 2.5 times as long. What was "
        "done: routes are found and called without the framework, prepared statements run in "
        "the driver, of a document that is written that which differs (1,800 calls of Python "
        "where there were 6,200); no statement looks through what is out; nothing is looked at"
        " for push where nobody listens; checkpoints are made beside it."
    ),
    "verb-postgresql": (
        "a bare row is one statement and its commit, whose sync is all but free here. The rows of a"
        " verb, written again by themselves in one way to the server and committed with it, take "
        "ten to twelve times as long (half of verbs, on a disk in memory): its indexes take in "
        "eight rows, and long texts are made small. A request that asks for nothing (`/healthz`) "
        "takes five times as long with the same client. That is 16 together, before a line of "
        "Python for the verb. What was done: statements that change nothing are not sent (36 became"
        " 16 for a correction), and those that return nothing go together with the next. Now "
        "a verb goes to the server five times and not twelve, and takes half the processor"
        " time below HTTP, 2.5 ms and not 4.9, and 1.6 of the server's and not 2.5 (ADR 76)."
    ),
    "headlines-floor": _MADE_ANEW,
}
