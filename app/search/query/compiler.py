"""From a typed query to one for the engine: built, never parsed.

A story's score is a sum over what is looked for. Each word counts by how rare it is, and by the
best form and the places in which the story has it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tantivy import Occur, Query, Schema

from app.search.analysis.stop_words import Little, little_words
from app.search.query.parser import Part, Typed
from app.search.query.scoring import Finding, Scoring
from app.search.query.spelling import Spelling
from app.search.query.units import Unit, part_words, units, unwanted_units
from app.search.query.variants import Variants, variants
from app.search.text_fields import TEXT, TITLE
from app.search.vocabulary import Dictionary, Vocabulary

# So many words are all wanted. Of more, as of a question, stories have as many as they have.
MOST_WANTED = 4
# A query with more words outside of its quotations, or in them, is a text that was pasted: what it
# quotes is no condition.
_MOST_UNQUOTED, _MOST_QUOTED = 6, 12
# Of a long text so many words are looked for, those that tell most.
_MOST_GROUPS = 64
# To look for neighbours costs as much as the rarer of both is frequent.
_MOST_NEIGHBOURS = 20_000

Group = tuple[Unit, ...]
Clause = tuple[Occur, Query]


@dataclass(frozen=True, slots=True)
class Match:
    """A query for the engine, and what it was made of.

    `query` scores by relevance; it knows nothing of who may see what. `finds` finds the same
    stories, in less time, for those who ask for no scores. `typed` is what it looks
    for, with misspelt words replaced: give this to `highlights`. `corrected` is that as text if
    any word was replaced. `frequent` is in about how many stories the rarest word stands, of
    those without which no story is found; nothing where that says little of how many are found.
    """

    query: Query
    finds: Query
    typed: Typed
    corrected: str | None = None
    frequent: float = 0


def match(
    typed: Typed, dictionary: Dictionary, schema: Schema, languages: Sequence[str] = ()
) -> Match:
    """Return the query that finds what was typed.

    `languages` are those asked for by a filter, as BCP 47 tags; none means any. The dictionary, a
    searcher, is asked how rare words are and which exist. A `reference` is not looked for here:
    whoever holds stories by id and address does that.
    """
    return match_words(typed, Vocabulary(dictionary, languages), schema)


def match_words(typed: Typed, vocabulary: Vocabulary, schema: Schema) -> Match:
    """Return the query that finds what was typed, by words that are known already."""
    return _Matching(typed, vocabulary, schema).match()


def loosened(typed: Typed) -> Typed | None:
    """Return a query of several words with those of its quotations one by one.

    It is searched for when no story has the quotations verbatim. A query of few words, or with
    nothing outside of its quotations, means what it says: nothing is returned.
    """
    wanted = tuple(single for parts in typed.wanted for single in _loosened(parts))
    unquoted = any(parts in wanted for parts in typed.wanted)
    if wanted == typed.wanted or not unquoted or len(units(wanted)) <= MOST_WANTED:
        return None
    return replace(typed, wanted=wanted)


class _Matching:
    """The making of one query, with scores and without."""

    def __init__(self, typed: Typed, vocabulary: Vocabulary, schema: Schema) -> None:
        self._typed = typed
        self._vocabulary = vocabulary
        self._ways = Scoring(schema, vocabulary), Finding(schema)
        self._spelling = Spelling(vocabulary)
        # What is not wanted is taken by its word.
        self._no_spelling = Spelling(vocabulary, most=0)
        self._meant: dict[str, str] = {}
        self._variants: dict[tuple[Unit, Spelling], Variants] = {}
        self._frequent: float = 0

    def match(self) -> Match:
        groups = self._telling_most(list(map(self._with_known, self._units())))
        if self._typed.wanted and not groups:
            return self._named(Query.empty_query(), Query.empty_query())
        query, finds = (self._query(groups, way) for way in self._ways)
        return self._named(query, finds)

    def _units(self) -> list[Group]:
        """Return what is wanted; the quotations of a long text are no conditions, but words."""
        wanted = self._typed.wanted
        words = dict.fromkeys((False, True), 0)
        for parts in wanted:
            for part in parts:
                words[part.phrase] += len(part.words)
        if words[False] <= _MOST_UNQUOTED and words[True] <= _MOST_QUOTED:
            return units(wanted)
        loose = tuple(single for parts in wanted for single in _loosened(parts))
        return units(loose)

    def _telling_most(self, groups: list[Group]) -> list[Group]:
        """Return the groups of a long text that tell most: conditions, and rare words."""
        if len(groups) <= _MOST_GROUPS:
            return groups

        def rank(group: Group) -> tuple[bool, bool, int]:
            count = self._vocabulary.count(group[0].words[0])
            return (_is_loose(group), not count, count)

        kept = set(sorted(groups, key=rank)[:_MOST_GROUPS])
        return [group for group in groups if group in kept]

    def _with_known(self, group: Group) -> Group:
        """Return a group without notations that stand in no story."""
        return tuple(
            unit
            for unit in group
            if not unit.is_notation or all(map(self._vocabulary.count, unit.words))
        )

    def _query(self, groups: list[Group], way: Finding) -> Query:
        clauses = [*self._wanted(groups, way), *self._unwanted()]
        if not groups:
            clauses.append((Occur.Must, Query.all_query()))
        if len(clauses) == 1 and groups:
            return clauses[0][1]
        return Query.boolean_query(clauses)

    def _wanted(self, groups: list[Group], way: Finding) -> list[Clause]:
        little = self._little(groups)
        shouted = all(_is_in_capitals(one) for one in groups)
        telling = [
            one
            for one in groups
            if not _is_little(one, little) or (_is_in_capitals(one) and not shouted)
        ] or groups
        ranked = self._typed.question or len(groups) > MOST_WANTED
        clauses = [
            (
                Occur.Should if ranked and _is_loose(group) else Occur.Must,
                self._group(group, self._spelling, way),
            )
            for group in telling
        ]
        if ranked:
            clauses += self._joining(groups, telling, little, way)
        else:
            self._frequent = min(map(self._having, telling), default=0)
        return [*clauses, *self._near(telling, way)]

    def _group(self, group: Group, spelling: Spelling, way: Finding) -> Query:
        if any(unit.is_notation for unit in group):
            # What stands there in another notation is no slip.
            spelling = self._no_spelling
        found = [self._unit(unit, spelling, way) for unit in group]
        if len(found) == 1:
            return found[0]
        return Query.boolean_query([(Occur.Should, one) for one in found])

    def _unit(self, unit: Unit, spelling: Spelling, way: Finding) -> Query:
        title = unit.part.title
        if not unit.is_word:
            return way.phrase_in(TITLE, unit.words) if title else way.phrase(unit.words)
        looked_for = self._looked_for(unit, spelling)
        return way.word_in_title(looked_for) if title else way.word(looked_for)

    def _looked_for(self, unit: Unit, spelling: Spelling) -> Variants:
        """Return what a word stands for, the same each time: spelling tires."""
        known = self._variants.get((unit, spelling))
        if known is None:
            known = self._variants[unit, spelling] = variants(unit, self._vocabulary, spelling)
            if known.corrected:
                self._meant[unit.words[0]] = known.corrected
        return known

    def _having(self, group: Group) -> float:
        """Return in about how many stories one of several words stands; phrases are not counted."""
        known = (self._variants.get((unit, self._spelling)) for unit in group)
        return sum(one.stories for one in known if one is not None)

    def _unwanted(self) -> list[Clause]:
        groups = map(self._with_known, unwanted_units(self._typed.unwanted))
        _, finding = self._ways
        return [(Occur.MustNot, self._group(one, self._no_spelling, finding)) for one in groups]

    def _little(self, groups: list[Group]) -> Little:
        typed = [group[0].words[0] for group in groups]
        return little_words(typed, self._vocabulary.languages)

    def _joining(
        self, groups: list[Group], telling: list[Group], little: Little, way: Finding
    ) -> list[Clause]:
        """Return what lets words that join add what little they are worth."""
        return [
            (Occur.Should, way.phrase_in(TEXT, group[0].words))
            for group in groups
            if group not in telling and group[0].words[0] in little.joining
        ]

    def _near(self, telling: list[Group], way: Finding) -> list[Clause]:
        near: list[Query] = []
        if not isinstance(way, Scoring):
            return []
        for (first, *_), (second, *_) in pairwise(telling):
            if first.is_word and second.is_word and first.words != second.words:
                counts = [self._vocabulary.count(unit.words[0]) for unit in (first, second)]
                if 0 < min(counts) <= _MOST_NEIGHBOURS:
                    near.append(way.near(first.words[0], second.words[0]))
        return [(Occur.Should, one) for one in near]

    def _named(self, query: Query, finds: Query) -> Match:
        wanted = tuple(
            tuple(self._corrected(part) for part in group) for group in self._typed.wanted
        )
        languages = self._vocabulary.languages
        typed = replace(self._typed, wanted=wanted, languages=languages)
        corrected = typed.text if self._meant else None
        return Match(query, finds, typed, corrected, self._frequent)

    def _corrected(self, part: Part) -> Part:
        typed = () if part.phrase else part_words(part)
        if not any(word in self._meant for word in typed):
            return part
        return replace(part, words=("-".join(self._meant.get(word, word) for word in typed),))


def _loosened(parts: tuple[Part, ...]) -> Iterator[tuple[Part, ...]]:
    """Yield the words of a quotation one by one; anything else as it is."""
    only = parts[0]
    if len(parts) > 1 or not only.phrase or only.title:
        yield parts
        return
    for word in only.words:
        yield (replace(only, words=(word,), phrase=False),)


def _is_loose(group: Group) -> bool:
    """Tell whether a story may do without this: nobody asked for it by a sign."""
    typed = (unit.part for unit in group if not unit.is_notation)
    return not any(part.phrase or part.title for part in typed)


def _is_little(group: Group, little: Little) -> bool:
    first, *others = group
    alone = first.is_word and not first.part.title and all(unit.is_notation for unit in others)
    return alone and (first.words[0] in little.joining or first.words[0] in little.asking)


def _is_in_capitals(group: Group) -> bool:
    """Tell whether this was typed as an abbreviation: `US` is not the word `us`."""
    typed = group[0].part.words[0]
    return len(typed) > 1 and typed.isupper()
