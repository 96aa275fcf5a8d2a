"""Record the responses of one version of the code, and compare them with those of another.

`python -m tools.answers record FOLDER NAME` prepares a database in FOLDER if there is none, serves
a copy of it, and writes requests and responses to FOLDER/NAME.jsonl. `python -m tools.answers
compare BEFORE AFTER` prints what differs. CONTRIBUTING.md shows how to use both.
"""
