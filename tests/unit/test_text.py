"""Text of bodies: HTML to text, Markdown and plain text to HTML, and word counts."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.content.body_text import extract_text, render_text
from app.content.word_count import count_words


def body_html(body: str, form: str, base: str | None = None) -> str:
    return render_text(body, form).resolve(base).markup


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("<p>One <b>and</b> two</p>\n\n<p>Three</p>", "One and two\nThree"),
        ("one<br>two<hr>three", "one\ntwo\nthree"),
        ("<ul><li>one<ul><li>two</li></ul></li><li>three</li></ul>", "one\ntwo\nthree"),
        ("<div>a<p>b</p>c</div>d", "a\nb\nc\nd"),
        ("<blockquote><p>said</p></blockquote><p>he</p>", "said\nhe"),
        ("<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<dl><dt>term</dt><dd>meaning</dd></dl>", "term\nmeaning"),
        ("<details><summary>more</summary>inside</details>after", "more\ninside\nafter"),
        ('<figure><img alt="x"><figcaption>A view</figcaption></figure>', "A view"),
        ("<p>1 &lt; 2 &amp;&amp; 3 &gt; 2&nbsp;!</p>", "1 < 2 && 3 > 2 !"),
        ("<p>&lt;script&gt;</p>", "<script>"),
        ('<p title="a > b">in</p>', "in"),
        ("<p title='it > \"x\"'>in</p>", "in"),
        ('one<br title="a>b">two', "one\ntwo"),
        ('<a href="/x?a=1&amp;b=2" title="</p>">link</a>', "link"),
        ("<p>caf&eacute; &#x1F600; &#233;</p>", "café 😀 é"),
        ("<p>  many \t spaces\nand lines </p>", "many spaces and lines"),
        ("<pre>a\nb</pre>", "a\nb"),
        (
            "<p>x</p><pre>a  &lt;\n  b<br>c\n\n<i>d</i> \n</pre><p>y\nz</p>",
            "x\na  <\n  b\nc\n\nd\ny z",
        ),
        ('<pre title=">">a</pre>', "a"),
        ("<pre></pre><pre>\n</pre>a", "a"),
        ("<del>5</del><ins>6</ins> million", "6 million"),
        ("<p>He said <q>no</q><cite>Bilby</cite></p>", "He said “no”Bilby"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby><ruby>字<rt>じ</rt></ruby>", "漢字"),
        ('a<video src="a.mp4">Your <p>browser</p></video>b', "a\nb"),
        ('<audio><source src="a.mp3">No <a href="a.mp3">player</a></audio>', ""),
        (
            "<p>judges<sup>12</sup> went 5 km<sup>2</sup> from CO<sub>2</sub></p>",
            "judges 12 went 5 km2 from CO2",
        ),
        ('fell<sup><a href="#n1">1</a></sup> down', "fell 1 down"),
        ('bit<a href="#n2"><sup>*</sup></a> rose<a href="#n3">3</a>', "bit * rose 3"),
        ('<a href="#n1">footnote</a>s', "footnotes"),
        ("<p>It <s>is <b>not</b></s>was <strike>a<del>b</del>c</strike>so.</p>", "It was so."),
        ("Alpha<del><p>x</p></del>Bravo", "Alpha\nBravo"),
        ("<del><p>x</p><pre>a\nb</pre></del><p>y</p>", "y"),
        ("<del>all", ""),
        ("<p>Alpha<img src='/a.png'>Bravo</p>", "Alpha Bravo"),
        ("Alpha<audio src='/a'></audio>Bravo<video></video>Charlie", "Alpha\nBravo\nCharlie"),
        ("<p>النص <em>هنا</em></p><p>ثم</p>", "النص هنا\nثم"),
    ],
)
def test_plain_text_has_each_block_on_a_line(markup: str, text: str) -> None:
    assert extract_text(markup) == text


@given(st.lists(st.text("ab <>&\"'é", min_size=1, max_size=12), max_size=5))
def test_conversion_from_plain_text_preserves_all_words(paragraphs: list[str]) -> None:
    written = "\n\n".join(paragraphs)
    words = extract_text(body_html(written, "text", None)).split()
    assert words == written.split()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("one two\nthree", 3),
        ("don't stop", 2),
        ("المغرب يفوز اليوم", 3),
        ("日本語", 3),
        ("東京 Tokyo 2026", 4),
        ("서울 소식", 4),
        ("Tokyo東京は", 4),
        ("人々は、東京へ。", 6),
        ("ﾆｭｰｽ ニュース", 8),
        ("𠮷野家", 3),
        (unicodedata.normalize("NFD", "서울 소식"), 4),
        ("½ cup, ٣ ليمون", 4),
        ("ሰላም፡ለዓለም፡ሁሉ።", 3),
    ],
)
def test_words_are_counted_in_every_script(text: str, count: int) -> None:
    assert count_words(text) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("« Bonjour ! » : voilà ; et… ?", 3),
        ("«\xa0Bonjour\xa0!\xa0»", 1),
        ("one — two – three - four -- five", 5),
        ("• one\n‣ two\n▪ three\n* four\n· five", 5),
        ("¡ Hola ! ¿ qué ?", 2),
        ("、。・「」 ー", 1),
        ("، ؟ سلام", 1),
        ("*** --- ___ ... ——— § ¶ |", 0),
        ("-5 €, 3 %", 2),
        ("\u200b \ufeff \u00ad", 0),
    ],
)
def test_punctuation_alone_is_not_a_word(text: str, count: int) -> None:
    assert count_words(text) == count


# As the dictionaries of ICU 78 divide each of them.
_UNSPACED = {
    "นายกรัฐมนตรีเดินทางไปเยี่ยมผู้ประสบภัยน้ำท่วมในจังหวัดเชียงใหม่เมื่อวานนี้": 21,
    "ตลาดหุ้นไทยปิดบวกในวันศุกร์ นักลงทุนรอดูผลการประชุมธนาคารกลาง": 17,
    "ມະນຸດທຸກຄົນເກີດມາມີກຽດສັກສີ, ສິດທິ, ເສລີພາບແລະຄວາມສະເໝີພາບ": 12,
    "មនុស្សទាំងអស់កើតមកមានសេរីភាព និងភាពស្មើៗគ្នាក្នុងសិទ្ធិ": 11,
    "လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် လည်းကောင်း၊": 9,
}


@pytest.mark.parametrize(("text", "words"), _UNSPACED.items())
def test_words_of_scripts_without_spaces_are_estimated(text: str, words: int) -> None:
    assert count_words(text) == pytest.approx(words, rel=0.3)
    # With any surrounding text, and of any length.
    assert count_words(f"{text} and 12 more") == count_words(text) + 3
    assert count_words(text.replace(" ", "") * 1_000) == pytest.approx(words * 1_000, rel=0.3)


@pytest.mark.parametrize("text", ["ก", "ไทย", "ລາວ", "ខ្មែរ", "မြန်မာ", "บีบีซีไทย BBC"])
def test_every_text_in_such_a_script_has_at_least_one_word(text: str) -> None:
    assert 1 <= count_words(text) <= 3


def test_zero_width_spaces_separate_words() -> None:
    assert count_words("\u200b".join(["ខ្ញុំ", "ទៅ", "ផ្សារ", "ថ្មី"])) == 4


def test_a_long_body_in_thai_takes_minutes_to_read() -> None:
    text = render_text("<p>" + "ข่าววันนี้" * 500 + "</p>", "html")
    assert 900 < text.words < 1_400


@pytest.mark.parametrize("unit", ["ก", "a\u0301\u0327", "\u0301\u0327", "«", "é", "가", "\u1160"])
def test_counting_takes_linear_time(unit: str) -> None:
    started = time.process_time()
    count_words(unit * 100_000)
    assert time.process_time() - started < 5


def test_markdown_becomes_html() -> None:
    markup = body_html("# Title\n\nSome *words* and ~~none~~.\n\n- a\n- b", "markdown", None)
    assert "<h1>Title</h1>" in markup
    assert "<em>words</em>" in markup
    assert "<s>none</s>" in markup
    assert extract_text(markup) == "Title\nSome words and .\na\nb"


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        'x <img src="x" onerror="alert(1)"> y',
        "[a](javascript:alert(1))",
        "<iframe src='https://evil.example'></iframe>",
        "![x](data:image/png;base64,AAAA)",
        "<javascript:alert(1)>",
    ],
)
def test_html_and_links_in_markdown_are_sanitised(markdown: str) -> None:
    markup = body_html(markdown, "markdown", None).lower()
    for bad in ("<script", "onerror", "<iframe", 'href="javascript:', 'src="data:'):
        assert bad not in markup


def test_relative_addresses_in_markdown_are_resolved() -> None:
    markup = body_html("[a](/b) ![c](d.png)", "markdown", "https://site.example/news/1")
    assert 'href="https://site.example/b"' in markup
    assert 'src="https://site.example/news/d.png"' in markup


def test_plain_text_is_escaped_and_keeps_its_lines() -> None:
    markup = body_html("1 < 2 & <b>\nsecond\n\nthird\n \n\nfourth", "text", None)
    assert markup == "<p>1 &lt; 2 &amp; &lt;b&gt;<br>second</p><p>third</p><p>fourth</p>"


def test_stored_sanitised_html_is_used_unchanged() -> None:
    assert body_html("<script>x</script>*a*", "html") == "*a*"
    assert render_text("<p>a</p>", "html", is_clean=True).markup == "<p>a</p>"
