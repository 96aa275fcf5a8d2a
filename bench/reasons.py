"""What holds a result back whose goal was missed, as profiles showed it."""

_MADE_ANEW = (
    "what ADRs 29 and 67 take off is too little. Of what is left the rows are a third, joining "
    "them and the hash of the bytes a quarter, and some 250 calls of Python around them the rest. "
    "A busy server finds their code cold, and there they cost twice what a loop shows"
)
REASONS: dict[str, str] = {
    "reads-publishing": (
        "a new story takes 2.1 ms of a processor, where it took 3.2, beside its request, and "
        "two fifths of the time of a publication go to the commit, of 110 pages of SQLite for "
        "a story with its indexes; the four to five lists that it outdates are computed anew, "
        "and its part of the index takes 0.7 ms in Python and 2 ms on threads of the engine, "
        "on a machine with two processors. What was done: lists hang on their filters, so that"
        " 4.4 and not 21 are outdated; statements are prepared, and run in the driver; routes "
        "of the newsroom are called without the framework; the index is committed once a "
        "second and not for every story (31 ms each); checkpoints are made beside it (ADR 77),"
        " turns are shorter, and push looks now and then where nobody listens. Together these "
        "took it from 22 to 26 of 50 stories a second, in runs of this row alone, to 36 in "
        "this run; what each of them brought was not told apart. Readers still take a whole "
        "processor, and crowd it out."
    ),
    "page-1000": (
        "whoever walked the archive filled a memory of what stands between the pieces of stories, "
        "their sources and categories, and it kept what nobody asked for again. Since this run it "
        "is begun anew when it is full; this row alone, afterwards: 0.988"
    ),
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
        " 16 for a correction), and those that return nothing go together with the next. Since "
        "this run a verb goes to the server five times and not twelve, and takes half the processor"
        " time below HTTP, 2.5 ms and not 4.9, and 1.6 of the server's and not 2.5 (ADR 76)."
    ),
    "headlines-floor": _MADE_ANEW,
    "headlines-idiomatic": (
        "by processor time it is reached; in two runs of this row alone, an hour before and half "
        "an hour after this one, it was by the clock, too: 20.2 and 21.5"
    ),
    "cached-304": (
        "something else took a quarter of a processor in the server's process, or counted as that, "
        "which a look at its threads afterwards did not find; this row alone, half an hour later: "
        "1.007, and 0.891 by processor time"
    ),
}
