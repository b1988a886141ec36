"""The panel of lesson 07: one suspect, questioned test by test, until the player says what is wrong with it."""

from dropout_lab.lab.figures.hunt import draw_case
from dropout_lab.lab.hunt import casebook
from dropout_lab.lab.widgets.panel import moves, panel, seed

FREE = "gradient_agrees"  # every suspect comes with it
ROUND = 12  # suspects: all ten wrong layers and two right ones


def play_hunt(rules):
    """The game: ask some of your rules, then name the mistake. The fewer tests, the better; a guess earns nothing.

    `rules` are functions of (layer, p), as in the lesson; those count whose names the case book has a reading for.
    """
    known = {rule.__name__: rule for rule in rules if rule.__name__ in casebook.TESTS}
    rules = [known[test] for test in casebook.TESTS if test in known]
    tests = tuple(test for test in casebook.TESTS if test in known and test != FREE)
    given = (FREE,) if FREE in known else ()

    def closed(moves):
        """(tests that were asked, what was named or None)"""
        return tuple(move for move in moves if move in tests), next((m for m in moves if m not in tests), None)

    def draw(figure, seed, moves, before):
        layer, truth = casebook.suspect(seed)
        asked, named = closed(moves)
        count = f"{len(asked)} of {len(tests)} tests used"
        verdicts = {}
        for state in [*before, {"seed": seed, "moves": moves}]:  # the first verdict on a suspect is the one that counts
            if closed(state["moves"])[1] is not None:
                verdicts.setdefault(state["seed"], closed(state["moves"]))
        if named is None:
            title, ending = f"What is wrong with suspect {seed}? {count}", "What is wrong with it?"
        else:
            title = f"Suspect {seed}: you named it {'right' if named == truth else 'wrong'}, with {count}"
            again = "" if verdicts[seed] == (asked, named) else " The first verdict on it counts."
            ending = f"{_ending(seed, asked, named, tests, given)}{again}"
        tally = _tally(verdicts, tests, given)
        return f"Suspect {seed}, {count}. {draw_case(figure, rules, {FREE, *asked}, layer, title)}. {ending}{tally}"

    play = moves("tests", tests, "What is wrong with it:", casebook.names(), "name it")
    next_one = seed("next suspect", label="suspect", restarts=True)
    return panel(draw, "One suspect, test by test", remember=True, seed=next_one, moves=play)


def _ending(seed, asked, named, tests, given):
    truth = casebook.suspect(seed)[1]
    if named != truth:
        return f"You say: {named}. What is wrong with it: {truth}."
    earned = casebook.points(seed, asked, named, tests, given)
    if earned:
        return f"You say: {named}. That is so. {earned} point{'s' if earned > 1 else ''}."
    fewest = casebook.fewest(seed, tests, given)
    enough = "no number of tests is" if fewest is None else f"{fewest} well chosen would have been"
    return (
        f"You say: {named}. That is so, and it was a guess: others read alike in what you asked, and {enough} enough."
    )


def _tally(verdicts, tests, given):
    if not verdicts:
        return ""
    right = sum(named == casebook.suspect(seed)[1] for seed, (_, named) in verdicts.items())
    total = sum(casebook.points(seed, *verdict, tests, given) for seed, verdict in verdicts.items())
    return f" Tally: {len(verdicts)} of {ROUND} suspects, {right} named right, {total} points."
