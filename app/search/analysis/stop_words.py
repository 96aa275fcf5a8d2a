"""Stop words: function words and question words of the languages that most queries are in.

They also identify the language of a query. In addition to other words, function words add little to
a score and question words add nothing: the story that answers a question does not ask it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class StopWords(NamedTuple):
    """The stop words of a language, folded."""

    function_words: frozenset[str]
    question_words: frozenset[str]


def _parse(function_words: str, question_words: str) -> StopWords:
    return StopWords(frozenset(function_words.split()), frozenset(question_words.split()))


_STOP_WORDS = {
    "ar": _parse(
        """من في علي الي عن مع بين بعد قبل عند حتي منذ خلال حول ضد دون غير و او ثم ان لا لم لن قد
        كان كانت يكون تكون هو هي هم هذا هذه ذلك تلك التي الذي الذين الا اي كل بعض كما لكن اذا
        انه انها وفي ومن وعلي وان وقد به بها له لها فيه فيها منه منها عليه عليها""",
        """ما ماذا متي اين كيف كم لماذا هل لمن مما بماذا وما فيما""",
    ),
    "de": _parse(
        """der die das den dem des ein eine einen einem einer eines und oder aber in im an am auf
        aus bei mit nach von vom vor zu zum zur fur um durch uber unter gegen ohne ist sind war
        waren wird wurde wurden hat haben hatte nicht auch sich es er sie wir ihr als wie dass""",
        """wer was wann wo wohin woher warum wieso weshalb wem wen wessen welche welcher welches
        welchem welchen wieviel""",
    ),
    "en": _parse(
        """a an the of and or but to in on at by for from with as into about after before between
        is are was were be been being am it its this that these those there their they them he
        she his her him we our you your i my me not no than then so if s t d ll re ve has have
        had having can could will would shall should may might must""",
        """what who whom whose which when where why how do does did doing done""",
    ),
    "es": _parse(
        """el la los las un una unos unas lo de del y e o u a al en por para con sin sobre entre
        desde hasta hacia ante bajo segun es son era eran fue fueron ser ha han habia se su sus
        le les me te nos que no mas pero si como esta este esto estos estas ese esa eso""",
        """cual cuales quien quienes cuando donde cuanto cuanta cuantos cuantas""",
    ),
    "fr": _parse(
        """le la les l un une des de du d et ou a au aux en dans par pour sur sous avec sans entre
        vers chez contre est sont etait etaient fut etre ete ont avait se s son sa ses leur
        leurs il elle ils elles on nous vous je tu me te ce cet cette ces c qu que ne n pas plus
        mais si y j m t""",
        """qui quoi quel quelle quels quelles quand ou comment combien pourquoi lequel laquelle
        lesquels lesquelles dont""",
    ),
    "it": _parse(
        """il lo la i gli le l un uno una di del dello della dei degli delle d a al allo alla ai
        agli alle da dal dalla in nel nella con su sul sulla per tra fra e ed o ma non si che e
        sono era erano fu ha hanno suo sua suoi sue""",
        """chi cosa quale quali quando dove come perche quanto quanta quanti quante""",
    ),
    "pt": _parse(
        """o a os as um uma uns umas de do da dos das e ou em no na nos nas por pelo pela para com
        sem sobre entre ate ao aos que se nao mas mais como e sao era foi ser ha seu sua seus
        suas""",
        """qual quais quem quando onde quanto quanta quantos quantas porque""",
    ),
}
_NONE = StopWords(frozenset(), frozenset())


def find_stop_words(words: Sequence[str], languages: Iterable[str]) -> StopWords:
    """Return the stop words of the language that a query seems to be written in.

    That is the language of `languages` with most of the query's words; the first one in a tie.
    """
    known = [_STOP_WORDS[language] for language in languages if language in _STOP_WORDS]
    return max(known, key=lambda stop_words: _count_known(words, stop_words), default=_NONE)


def _count_known(words: Sequence[str], stop_words: StopWords) -> int:
    return sum(
        word in stop_words.function_words or word in stop_words.question_words for word in words
    )
