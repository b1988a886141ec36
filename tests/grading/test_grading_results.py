"""Results are read back with nothing taken on trust, and said to students without harm."""

import html.parser
import json
import re

import pytest

import classroom
from classroom import HOSTILE, document, own_code, result, row
from dropout_lab.checks.cards import Card
from dropout_lab.checks.hints import HINTS
from dropout_lab.checks.reports import as_html as card_as_html
from dropout_lab.instructor import escaping
from dropout_lab.instructor.feedback import cards, class_page
from dropout_lab.instructor.feedback import causes as why
from dropout_lab.instructor.gradebooks import moodle, tables
from dropout_lab.instructor.grading import similarity
from dropout_lab.instructor.grading.results import NotAResult, by_name, each, parse, read, two_decimals


def read_all(folder):
    """(results in the order of the class, sentences on files that could not be read)."""
    problems = []
    return sorted(each(folder, problems), key=by_name), problems


def test_a_result_comes_back_as_it_was_written(tmp_path):
    classroom.write(tmp_path, [document("Zoë", [row("relu_forward"), row("relu_backward", "blank")])])
    (one,), problems = read_all(tmp_path)
    assert (one.student, one.points, one.max_points, problems) == ("Zoë", 5, 10, [])
    assert [r.status for r in one.rows] == ["passed", "blank"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 2}, "version 2"),
        ({"points": float("nan")}, "not JSON"),
        ({"points": -1}, "points is not a number"),
        ({"points": True}, "points is not a number"),
        ({"points": "5"}, "points is not a number"),
        ({"points": 11, "max_points": 10}, "more points than there are"),
        ({"points": 200}, "more points in total"),
        ({"exercises": "all"}, "not a list"),
        ({"exercises": [row("relu_forward") | {"exercise": "../../etc/passwd"}]}, "not in the table"),
        ({"exercises": [row("relu_forward"), row("relu_forward")]}, "stands in it twice"),
        ({"exercises": [row("relu_forward") | {"status": "excellent"}]}, "no status that is known"),
        ({"exercises": [row("relu_forward", "blank") | {"points": 5}]}, "its status does not earn"),
        ({"exercises": [row("relu_forward") | {"points": 50}]}, "its status does not earn"),
    ],
)
def test_what_is_not_right_becomes_a_sentence(tmp_path, change, says):
    rows = [row("relu_forward"), row("relu_backward", "failed")]
    classroom.write(tmp_path, [document("a", rows, max_points=215) | change])
    results, (problem,) = read_all(tmp_path)
    assert results == []
    assert says in problem
    assert problem.startswith("s000.json: ")


@pytest.mark.parametrize(
    "text", ['{"schema": "dropout-lab/result", ', '{"schema": "dropout-lab/result", "x": ' + "[" * 100_000]
)
def test_a_cut_or_deep_file_is_named_and_the_others_are_read(tmp_path, text):
    classroom.write(tmp_path, [document("a")])
    (tmp_path / "cut.json").write_text(text)
    results, problems = read_all(tmp_path)
    assert len(results) == 1
    assert problems[0].startswith("cut.json: not JSON")


def test_other_json_files_are_left_alone(tmp_path):
    classroom.write(tmp_path, [document("a")])
    (tmp_path / "settings.json").write_text("{}")
    assert read_all(tmp_path)[1] == []
    with pytest.raises(NotAResult, match="schema"):
        read(tmp_path / "settings.json")


def test_two_files_never_share_the_name_of_their_feedback(tmp_path):
    for name in ("a b", "a_b", "a?b", "a"):
        (tmp_path / f"{name}.json").write_text(json.dumps(document(name)))
    stems = [r.stem for r in read_all(tmp_path)[0]]
    assert len(set(stems)) == 4
    assert all(re.fullmatch(r"[\w.-]+", stem) for stem in stems)


def test_the_engines_own_folder_is_read_alone(tmp_path):
    classroom.write(tmp_path, [document("copied")])
    classroom.write(tmp_path / "results", [document("graded")])
    assert [r.student for r in read_all(tmp_path)[0]] == ["graded"]


class Tags(html.parser.HTMLParser):
    """The tags, the attributes and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


def hostile():
    return result(
        HOSTILE,
        [
            row("affine_forward", "error", HOSTILE, f"it raised ValueError: {HOSTILE}"),
            row("relu_forward", "blank", message=HOSTILE),
        ],
        stem="x",
        submission=HOSTILE,
        notes=[HOSTILE],
        files={HOSTILE: HOSTILE},
        isolation=HOSTILE,
    )


@pytest.mark.parametrize(
    "make", [cards.as_html, lambda r: class_page.as_html([r], [HOSTILE])], ids=["feedback", "class page"]
)
def test_no_string_of_a_result_becomes_a_tag_an_address_or_a_request(make):
    page = Tags(make(hostile()))
    assert not {"script", "img", "iframe", "object", "link", "form"} & set(page.tags)
    assert "<script>alert(1)</script>" in page.text  # as words
    assert not [a for a, _ in page.attributes if a.startswith("on")]
    assert all(re.fullmatch(r"feedback/[\w.-]+\.html", v) for a, v in page.attributes if a in {"href", "src"})
    assert "\u202e" not in page.text
    assert "\x1b" not in page.text


def test_markdown_has_no_tag_link_or_mention_of_a_student():
    text = re.sub(r"(?<!\\)`[^`]*`", "", cards.as_markdown(hostile()))  # nothing is read inside code
    assert "<" not in text
    assert "](" not in text.replace("\\](", "")
    assert "@all" not in text
    assert "http:" not in text
    assert all(re.match(r"#+ |- |[^#\-+=>]|$", line) for line in text.splitlines())


def test_markdown_comes_out_of_a_renderer_as_text():
    mistune = pytest.importorskip("mistune", reason="mistune, which comes with JupyterLab, is not installed")
    page = Tags(
        mistune.create_markdown(escape=False, plugins=["url", "table", "strikethrough"])(cards.as_markdown(hostile()))
    )
    assert set(page.tags) <= {"h1", "h2", "h3", "p", "ul", "li", "code"}
    assert "<script>alert(1)</script>`[a](javascript:1)" in page.text
    assert "@all" in page.text


def test_a_failure_is_said_with_its_mistake_its_hint_and_its_place():
    one = result("a", [row("affine_backward", "failed", "A01", "`db` has shape (7, 5); it should have (5,).")])
    page, text = Tags(cards.as_html(one)).text, cards.as_markdown(one)
    for said in (
        "the gradient of b is not summed over the batch",
        "has shape (7, 5); it should have (5,).",
        "b is one vector that serves every sample",
        "Lesson 01, exercise 1.2",
        "0.00 of 10.00 points",
    ):
        assert said in page
        assert said in text.replace("\\", "")
    hint = HINTS["affine_backward"][0].replace("`", "")
    assert hint in page


def test_feedback_begins_with_what_passed_and_what_is_to_mend():
    rows = [
        row("affine_forward"),
        row("relu_forward", "failed"),
        row("relu_backward", "error"),
        row("init_params", "blank"),
    ]
    assert cards.count(result("a", rows)) == "1 of 4; two to mend, one blank."
    assert cards.count(result("a", rows[:1])) == "1 of 1."
    page = cards.as_html(result("a", rows, ignored=["essay.pdf", "<b>.jpg"]))
    assert page.index("two to mend") < page.index("To mend") < page.index("relu_forward") < page.index("Blank: 1")
    assert page.index("Blank: 1") < page.index("Passed: 1") < page.index("affine_forward") < page.index("essay.pdf")
    assert page.count("<details>") == 3
    assert "&lt;b&gt;.jpg" in page


def test_a_headline_stands_apart_from_the_sentence_behind_it():
    said = row("relu_forward", "failed", message="x is cut in place It changed `x`.", headline="x is cut in place")
    page = cards.as_html(result("a", [said]))
    assert "</code> · x is cut in place</h3>" in page
    assert re.search(r"<div[^>]*>It changed <code[^>]*>x</code>\.</div>", page)


def test_what_the_message_says_already_is_not_said_again():
    said = (
        "the gradient of b is not summed over the batch. b is one vector that serves every sample,"
        " so every sample has a say in its gradient."
    )
    page = cards.as_html(result("a", [row("affine_backward", "failed", "A01", said)]))
    assert page.count("not summed over the batch") == 1
    assert page.count("is one vector") == 1


def test_a_mistake_of_another_exercise_is_not_named():
    one = result("a", [row("relu_forward", "failed", "A01", "`out` is wrong.")])
    assert why.mistake_of(one.rows[0]) is None


def test_feedback_does_not_tell_the_seed():
    one = result("a", seed=987654321)
    assert "987654321" not in cards.as_html(one) + cards.as_markdown(one)


def test_a_long_message_is_cut():
    assert len(escaping.one_line("x" * 10_000)) == escaping.LIMIT


@pytest.mark.parametrize("text", ["a \u200b b", " \x1b a\x1cb\n", "x" * 10_000, "\ud800 \u202e=1"])
def test_a_line_made_plain_is_plain(text):
    assert escaping.one_line(escaping.one_line(text), 200) == escaping.one_line(text, 200)


@pytest.mark.parametrize(
    "start", ["=1", "+1", "-1", "@x", "\t=1", "\r\n=1", " =1", "\u202e=1", "\x00=1", "＝1", "|x", "%x"]
)
def test_no_text_of_a_table_is_a_formula(start):
    assert escaping.cell(start).startswith("'")


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0.00"), (-0.0, "0.00"), (-0.001, "0.00"), (2 / 3, "0.67"), (215, "215.00"), (10, "10.00")]
)
def test_numbers_have_two_decimals(number, text):
    assert two_decimals(number) == text


SOURCE = "def relu(x):\n    out = np.maximum(x, 0)\n    return out, x\n"


@pytest.mark.parametrize(
    "other",
    [
        '# mine\ndef relu(inputs):\n    """Doc."""\n    y = np.maximum( inputs,0 )  # clip\n\n    return y, inputs\n',
        SOURCE.replace("    ", "\t"),
        SOURCE.replace("\n", "\r\n"),
    ],
)
def test_names_comments_and_layout_do_not_count(other):
    assert similarity.fingerprints("layers", other) == similarity.fingerprints("layers", SOURCE)


def test_another_way_to_do_it_counts():
    other = SOURCE.replace("np.maximum(x, 0)", "x * (x > 0)")
    assert similarity.fingerprints("layers", other) != similarity.fingerprints("layers", SOURCE)


@pytest.mark.parametrize("text", ["", "def f(:", "'''", "\x00", "if x:\n  y\n z", "\ud800"])
def test_text_that_is_not_python_has_a_fingerprint_too(text):
    assert isinstance(similarity.fingerprints("layers", text), dict)


def marks(*seeds):
    """What is compared of submissions whose code nobody else writes, by seed."""
    return [similarity.fingerprints("layers", own_code(seed)) for seed in seeds]


def test_two_who_share_their_code_are_found_and_nobody_else():
    (pair,) = similarity.alike(marks(*range(30), 7), {})
    assert (pair.first, pair.second, pair.likeness, pair.whole) == (7, 30, 1.0, True)
    assert set(pair.where) == {f"layers.f{j}" for j in range(20)}


@pytest.mark.parametrize(("ring", "size"), [(2, 12), (5, 24), (21, 100), (16, 24), (3, 300)])
def test_a_ring_of_any_size_is_found_whole(ring, size):
    members = tuple(range(0, 2 * ring, 2)) if 2 * ring < size else tuple(range(ring))
    sources = marks(*(1000 if i in members else i for i in range(size)))
    (found,) = similarity.rings(sources, {})
    assert (found.members, found.likeness, found.whole) == (members, 1.0, True)


def test_one_function_that_two_share_among_code_of_their_own_is_found():
    body = "\n".join(f"    y = x.a{i} * {i} + np.sum(x.b{i} ** {i + 1})" for i in range(12))
    sources = [own_code(i) + (f"\ndef mine(x):\n{body}\n    return y" if i in (3, 11) else "") for i in range(30)]
    (pair,) = similarity.alike([similarity.fingerprints("layers", text) for text in sources], {})
    assert (pair.first, pair.second, pair.where, pair.whole) == (3, 11, ("layers.mine",), False)


def test_the_usual_answers_of_a_class_are_no_ring():
    """Of few ways to write an answer each is written by several; nobody is paired for that."""
    ways = ["np.maximum(x, 0)", "x * (x > 0)", "np.where(x > 0, x, 0)"]
    sources = [own_code(i) + f"\ndef relu_forward(x):\n    return {ways[i % 3]}, x" for i in range(40)]
    assert similarity.alike([similarity.fingerprints("layers", text) for text in sources], {}) == []


def test_stubs_are_alike_and_no_pair():
    given = similarity.stubs()
    assert similarity.alike([given, given, given], given) == []


def test_what_the_whole_class_writes_is_no_pair():
    assert similarity.alike(marks(1) * 30, {}) == []


def test_the_class_page_counts_what_happened():
    rows = [[row("affine_backward", "failed", "A01"), row("relu_forward", s)] for s in ("passed", "blank", "error")]
    results = [result(f"s{i}", r) for i, r in enumerate(rows)]
    hard, easy = class_page.tally(results)
    assert (hard.name, hard.passed, hard.failed, hard.blank) == ("affine_backward", 0, 3, 0)
    assert (easy.passed, easy.failed, easy.blank) == (1, 1, 1)


def test_a_cause_counts_once_for_a_student_and_what_falls_with_another_is_none():
    fallen = row("mlp_backward", "failed", "A50", suffers=["affine_backward"])
    one = [row("affine_backward", "failed", "A01", code="def affine_backward(): ..."), fallen]
    loops = [row(name, "error", message="no result within 10 s. A loop?") for name in ("relu_forward", "relu_backward")]
    raised = [row(name, "error", message="it raised IndexError: 7") for name in ("relu_forward", "relu_backward")]
    results = [result("a", one), result("b", one), result("c", loops[:1]), result("d", raised)]
    found = why.causes(results)
    assert [(c.exercises, len(c.results)) for c in found] == [
        (("affine_backward",), 2),
        (("relu_forward", "relu_backward"), 1),
        (("relu_forward",), 1),
    ]
    page = Tags(class_page.as_html(results)).text
    assert "IndexError is raised" in page
    assert "`relu_forward` gives no result in time".replace("`", "") in page
    assert "def affine_backward(): ..." in page


def test_who_handed_in_nothing_is_named():
    results = [result("anna", [row("relu_forward", "blank")]), result("bert", [row("relu_forward")])]
    page = Tags(class_page.as_html(results)).text
    assert "Nothing written: anna." in page


def test_the_class_page_is_whole(tmp_path):
    results = [parse(data, f"s{i}") for i, data in enumerate(classroom.a_class(40))]
    page = Tags(class_page.as_html(results, folder=tmp_path))
    assert page.tags.count("h1") == 1
    assert page.tags.count("h2") == 6
    assert "this is a place to look, not a verdict" in page.text
    assert "Student 38 and Student 39" in page.text
    assert page.tags.count("svg") == 1
    assert any(a == "aria-label" and v.startswith("Submissions by mark.") for a, v in page.attributes)
    assert not any(v and "//" in v for a, v in page.attributes if a in {"href", "src"})


def test_a_result_in_brief_is_enough_for_the_class(tmp_path):
    results = [hostile(), *(parse(data, f"s{i}") for i, data in enumerate(classroom.a_class(12)))]
    briefs = [r.brief() for r in results]
    assert class_page.as_html(briefs) == class_page.as_html(results)
    assert tables.grades(briefs) == tables.grades(results)
    assert list(map(moodle.words, briefs)) == list(map(moodle.words, results))
    assert not any(row.message for r in briefs for row in r.rows)


def test_one_submission_with_nothing_in_it_makes_a_page():
    page = Tags(class_page.as_html([result("a", [])]))
    assert "1 submission" in page.text
    assert "median 0" in page.text.lower()


def test_results_are_plain_json(tmp_path):
    classroom.write(tmp_path, [document(HOSTILE)])
    assert json.loads((tmp_path / "s000.json").read_text())["student"] == HOSTILE
    assert read_all(tmp_path)[0][0].student == HOSTILE


def test_a_card_in_feedback_is_that_of_a_notebook():
    said = row("affine_backward", "failed", "A01", "the gradient of b is not summed over the batch. `db` has two axes.")
    card = cards.card_of(result("a", [said]).rows[0])
    assert type(card) is Card
    assert card_as_html(card, "h3") in cards.as_html(result("a", [said]))
