"""What holds a result back whose goal was missed, as profiles showed it."""

_MADE_ANEW = (
    "what ADRs 29 and 67 take off is too little. Of what is left the rows are a third, joining "
    "them and the hash of the bytes a quarter, and some 250 calls of Python around them the rest. "
    "A busy server finds their code cold, and there they cost twice what a loop shows"
)
REASONS: dict[str, str] = {
    "reads-publishing": (
        "Python's driver lets other threads take the interpreter with each step of a statement, "
        "and the thread that answers readers takes a whole turn each time: the work of a "
        "publication, 2.7 ms by itself, takes 9 to 14 beside readers at full speed. They use a "
        "processor, and the generator of load most of the other one. Beside that, 93 pages are "
        "committed for a story by itself, three lists are made anew for it, and its request takes "
        "2 ms of the thread that answers readers. What was done since the run before, in which "
        "36 of 50 came through at 0.632: those who wait are committed together (ADR 79), rows of "
        "a table go in one statement, and push looks every five seconds where nobody listens. In "
        "runs of this row alone on one machine 24 to 35 stories a second became 30 to 42. What was"
        " tried: readers who wait for a writer for 2 ms let all 50 through, and left 0.22 to 0.45 "
        "of the reads; turns of 0.3, 1 and 5 ms in the place of 0.1 changed nothing that could be "
        "told from noise."
    ),
    "large-source": (
        "this run was made on a machine that did half of what the one before did, and not evenly: "
        "what is compared changed by a third from row to row; in the run before, this row had "
        "0.950, and by itself, right after this run, 1.030"
    ),
    "sync-snapshot": (
        "it is a number of stories, and this machine did half of what the one before did, where it "
        "was 32,177 stories a second; beside the bare read it was 0.176 then, and is 0.212"
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
        " 16 for a correction), and those that return nothing go together with the next. Now "
        "a verb goes to the server five times and not twelve, and takes half the processor"
        " time below HTTP, 2.5 ms and not 4.9, and 1.6 of the server's and not 2.5 (ADR 76)."
    ),
    "headlines-floor": _MADE_ANEW,
}
