"""Elements that are not on the allow-list: their text stays, and stays separate."""

import pytest
from html5lib import HTMLParser
from hypothesis import given
from hypothesis import strategies as st

from app.content.body_text import extract_text, render_text, sanitise_html
from app.content.sanitiser import sanitise
from app.content.word_count import count_words

BLOCKS = (
    "address article aside center details dialog dir div fieldset figure footer form header hgroup "
    "legend listing main marquee menu nav option optgroup section search select summary td "
    "th tr tbody thead tfoot caption button canvas my-card x-y amp-story unknown "
    "blockquote li dd dt ul dl p h1 pre"
).split()


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("around", ["{}", "<div>{}</div>", "<DIV>{}</DIV>", "<li>{}</li>"])
def test_words_of_adjacent_blocks_stay_separate(name: str, around: str) -> None:
    for markup in (
        f"<{name}>Alpha</{name}><{name}>Bravo</{name}>",
        f"<{name.upper()} class=a>Alpha</{name.upper()}><{name}>Bravo</{name}>",
        f"Alpha<{name}>Bravo</{name}>",
        f"<{name}>Alpha</{name}>Bravo",
        f"<{name}>Alpha</{name}><b>Bravo</b>",
        f"<{name}><b>Alpha</b></{name}><p>Bravo</p>",
    ):
        clean = sanitise_html(around.format(markup))
        assert extract_text(clean).split() == ["Alpha", "Bravo"], clean
        assert count_words(extract_text(clean)) == 2
        assert "AlphaBravo" not in clean.replace("<b>", "").replace("</b>", "")


@pytest.mark.parametrize(
    ("markup", "clean"),
    [
        ("<section lang=fr>A</section>", '<div lang="fr">A</div>'),
        ("<menu><li>a<li>b</menu>", "<ul><li>a</li><li>b</li></ul>"),
        ("<td>Alpha</td><td>Bravo</td>", "<div>Alpha</div><div>Bravo</div>"),
        ("<table><tr><td>a</table>b", "<table><tbody><tr><td>a</td></tr></tbody></table>b"),
        ("<listing>a\n b</listing>", "<pre>a\n b</pre>"),
        ("<xmp><b>a & b</b></xmp>", "<pre>&lt;b&gt;a &amp; b&lt;/b&gt;</pre>"),
        ("<p>A <select><option>b<option>c</select>.", "<p>A b c.</p>"),
        ("<p>A<button>b</button>c<input>d</p>", "<p>A b c d</p>"),
        ("<acronym title=t>NATO</acronym>", '<abbr title="t">NATO</abbr>'),
        ("<font color=red>Al</font>pha", "Alpha"),
        ("<p>Al<o:p></o:p>pha <big>x</big>y<tt>z</tt>", "<p>Al pha xyz</p>"),
        # In a paragraph, elements that browsers do not know are inline.
        ("<p>un<x-mark>believ</x-mark>able", "<p>unbelievable</p>"),
        ("<h2>un<x-mark>believ</x-mark>able</h2>", "<h2>unbelievable</h2>"),
        ("<p><x-a>Alpha</x-a><x-b>Bravo</x-b>", "<p>Alpha Bravo</p>"),
        ("<p>Alpha<ad-slot></ad-slot>Bravo", "<p>Alpha Bravo</p>"),
        ("<p><x-tag>Alpha</x-tag>, “<x-tag>Bravo</x-tag>”.", "<p>Alpha, “Bravo”.</p>"),
        ("Hello <x-name>World</x-name>! (<x-a>b</x-a>)", "Hello World! (b)"),
        ("<my-card/>Alpha<my-card/>Bravo", "Alpha Bravo"),
        ("<svg><title>no</title><text>Alpha</text><path d='M0'/><text>Bravo</text></svg>", None),
        ("<math><mi>Alpha</mi><mo>Bravo</mo><annotation>no</annotation></math>", None),
        ("<optgroup><option>Alpha</optgroup><optgroup><option>Bravo</optgroup>", None),
        ("Alpha<iframe srcdoc=x></iframe>Bravo", "Alpha Bravo"),
        ("Alpha<img src=data:x>Bravo", "Alpha Bravo"),
        ("<noscript>Switch scripts on</noscript>Alpha", "Alpha"),
        ("<body><p>a</p></body></html>", "<p>a</p>"),
        ("<title>no</title><template>no</template><style>no</style>a", "a"),
        ("Alpha<script>1</script>bet", "Alphabet"),
        ("<p title='<section>'>a</p>", '<p title="&lt;section&gt;">a</p>'),
        ("<!-- <section> -->a<section>b</section>", "a<div>b</div>"),
        ("<plaintext>a<b>c", "<pre>a<b>c</b></pre>"),
    ],
)
def test_unknown_elements_become_elements_of_the_allow_list(markup: str, clean: str | None) -> None:
    cleaned = sanitise_html(markup)
    if clean is None:
        assert extract_text(cleaned).split() == ["Alpha", "Bravo"]
    else:
        assert cleaned == clean
    assert sanitise_html(cleaned) == cleaned


PIECES = (
    "<section> </section> <x-a> </x-a> <td> </td> <tr> <table> </table> <select> <option> "
    "</select> <p> </p> <h2> <b> </b> <xmp> </xmp> <pre> </pre> <noscript> </noscript> <picture> "
    "</picture> <img> <img/src=a> <iframe/src=//b.example> </iframe> <object/data=c> </object> "
    "<embed/src=d> <video/src=e> </video> <svg> <path/> </svg> <button> </button> <menu> <li> "
    "<marquee> </marquee> <label> </label> <a/name=n1> <a/href=#n1> </a> <textarea> </textarea> "
    "<script> </script> <!-- --> <caption> <plaintext> <frameset> <x-block> <x-inline/data-at=9> "
    "<source/src=f> <source/srcset=g> text Alpha"
).split()


def _tag(piece: str) -> str:
    """Return a tag whose attributes were joined to its name by slashes."""
    return piece if piece.startswith("</") else piece.replace("/", " ", 1)


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_rewritten_markup_is_sanitised_and_correctly_nested(pieces: list[str]) -> None:
    frames = frozenset({"b.example"})
    for hosts in (frozenset[str](), frames):
        clean = sanitise("".join(map(_tag, pieces)), hosts).markup
        assert sanitise(clean, hosts).markup == clean
        HTMLParser(strict=True).parseFragment(clean)


def test_html_in_markdown_is_rewritten_too() -> None:
    markup = render_text(
        "<section>Alpha</section><section>Bravo</section>\n\n*x*", "markdown"
    ).plain
    assert markup == "Alpha\nBravo\nx"
