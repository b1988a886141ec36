"""The panel of lesson 07: one suspect, questioned test by test, until the player says what is wrong with it."""

from dropout_lab.lab.figures.hunt import draw_case
from dropout_lab.lab.hunt import casebook
from dropout_lab.lab.widgets.panel import moves, panel, seed

FREE = "gradient_agrees"  # every suspect comes with it


def play_hunt(rules):
    """The game: ask some of your rules, then name the mistake. The fewer tests, the better.

    `rules` are functions of (layer, p), as in the lesson; those count whose names the case book has a reading for.
    """
    known = {rule.__name__: rule for rule in rules if rule.__name__ in casebook.TESTS}
    rules = [known[test] for test in casebook.TESTS if test in known]
    tests = tuple(test for test in casebook.TESTS if test in known and test != FREE)

    def draw(figure, seed, moves):
        layer, truth = casebook.suspect(seed)
        asked = [move for move in moves if move in tests]
        named = next((move for move in moves if move not in tests), None)
        count = f"{len(asked)} of {len(tests)} tests used"
        if named is None:
            title, ending = f"What is wrong with suspect {seed}? {count}", "What is wrong with it?"
        else:
            title = f"Suspect {seed}: you named it {'right' if named == truth else 'wrong'}, with {count}"
            ending = _ending(named, truth, casebook.fewest(seed, tests, (FREE,) if FREE in known else ()))
        return f"Suspect {seed}, {count}. {draw_case(figure, rules, {FREE, *asked}, layer, title)}. {ending}"

    play = moves("tests", tests, "What is wrong with it:", casebook.names(), "name it")
    next_one = seed("next suspect", label="suspect", restarts=True)
    return panel(draw, "One suspect, test by test", seed=next_one, moves=play)


def _ending(named, truth, fewest):
    told = f"You say: {named}. " + ("That is so." if named == truth else f"What is wrong with it: {truth}.")
    best = {
        None: "All tests together cannot tell.",
        0: "The gradient check alone was enough to tell.",
        1: "One test, well chosen, was enough to tell.",
    }
    return f"{told} {best.get(fewest, f'To be sure takes {fewest} tests.')}"
