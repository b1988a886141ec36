"""Cards and folds in the text of a lesson."""

from dropout_lab.instructor.publishing.lesson_cards import dressed

TEXT = """Some words.

**Predict.** How many of them,
and why?

More words.
▸ after you have run it

It is $x^2$."""


def test_a_paragraph_that_asks_is_a_card_and_the_ones_around_it_are_not():
    text = dressed(TEXT)
    card = text[text.index("<div") : text.index("</div>")]
    assert 'class="alert alert-block alert-info dl-card dl-predict"' in card
    assert "**Predict.** How many of them,\nand why?" in card
    assert "words" not in card


def test_what_follows_the_fold_is_inside_of_it():
    above, inside = dressed(TEXT).split("<details")
    assert "More words." in above
    assert "<summary>after you have run it</summary>\n\nIt is $x^2$." in inside
    assert inside.endswith("</details>")


def test_plain_text_stays_as_it_is():
    assert dressed("## A heading\n\nA **Build** in a sentence.") == "## A heading\n\nA **Build** in a sentence."
