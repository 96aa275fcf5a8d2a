"""Letter trigrams of words in Arabic script.

Arabic words of one family differ in prefixes, endings and inner vowels, and a stemmer finds only a
part of such a family. Two of its words mostly have trigrams in common.

The engine splits a text into trigrams, in less time than Python. It ignores word boundaries, and
its only filter that removes trigrams with a space keeps only ASCII ones. So the letters are
transliterated.
"""

import re
import string

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

_PAGE = "cp1256"
# The letters that a folded text has in Arabic, Persian, Urdu, Kurdish, Pashto and Uyghur; each is
# one ASCII character. All other letters of the script are the next one.
_LETTERS = "ءابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگٹڈڑںھڕڵۆێەڤټځڅډړږښګڼۍېۇۈۋڭ"
_SIGNS = string.ascii_letters + string.digits
_LETTER = re.compile("[\u0620-\u064a\u066e-\u06d3\u06d5]")


class _Transliteration(dict[int, str]):
    """The ASCII character of each letter in Arabic script; a space for any other character."""

    def __init__(self) -> None:
        script = filter(_LETTER.match, map(chr, range(0x620, 0x6D6)))
        super().__init__((ord(letter), _SIGNS[len(_LETTERS)]) for letter in script)
        self.update(zip(map(ord, _LETTERS), _SIGNS, strict=False))

    def __missing__(self, code: int) -> str:
        return " "


_TRANSLITERATION = _Transliteration()
_PAGE_TABLE = bytes(range(256)).decode(_PAGE).translate(_TRANSLITERATION).encode()


def build_trigram_analyzer() -> TextAnalyzer:
    """Return the analyzer that splits a transliterated text into trigrams."""
    builder = TextAnalyzerBuilder(Tokenizer.ngram(3, 3))
    return builder.filter(Filter.alphanum_only()).build()


def transliterate(text: str) -> str:
    """Return a folded text of the same length, with ASCII letters instead of Arabic ones.

    Everything else becomes spaces. A text without Arabic letters becomes empty.
    """
    if text.isascii() or not _LETTER.search(text):
        return ""
    try:
        return text.encode(_PAGE).translate(_PAGE_TABLE).decode("ascii")
    except UnicodeEncodeError:
        return text.translate(_TRANSLITERATION)


def find_trigrams(text: str) -> list[str]:
    """Return the trigrams of all words of a folded text, as they are in the index."""
    return _ANALYZER.analyze(transliterate(text))


_ANALYZER = build_trigram_analyzer()
