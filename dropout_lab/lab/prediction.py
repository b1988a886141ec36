"""Predictions: written down before the answer can be seen, and set beside it afterwards.

    predict("share of zeros", ...)       a value goes in place of the dots; it is kept with its time
    reveal("share of zeros", 0.2917)     prints  share of zeros: 0.292 · you said 0.3

A value is a number, True or False, a word, a range (low, high), or a dictionary of such. What was written before the
answer was shown stays; what is written after it is not kept. All of it stands in `my_predictions.json` beside the
lessons, and nothing of it is ever sent anywhere. A notebook that runs by itself neither reads nor writes it.
"""

import json
from datetime import datetime
from numbers import Real
from pathlib import Path

import numpy as np

from dropout_lab.checks import lesson
from dropout_lab.lab.progress import has_a_reader
from dropout_lab.lab.show import rounded, say
from dropout_lab.system.files import write_atomically
from dropout_lab.system.places import PREDICTIONS

QUESTION = "the question"  # the name under which lesson 00 keeps its seven statements
NEAR = 0.1  # a number this share off counts as right

STATEMENTS = {  # what lesson 00 asks, whether it is so, and which lesson decided it
    1: ("One draw decides which neurons are zeroed, for all samples of a mini-batch.", False, "05"),
    2: ("In training, outputs that are kept can be passed on as they are, and nothing makes up for it.", False, "05"),
    3: ("An output that was zeroed sends no gradient back to its input.", True, "05"),
    4: ("When the trained network is used on new data, no neuron is dropped.", True, "06"),
    5: ("A random layer cannot be tested with a gradient check.", False, "07"),
    6: ("A layer that passes its gradient check is right.", False, "07"),
    7: ("Dropout makes a network better on new data, whatever the data.", False, "08"),
}


def predict(name, value, choices=None):
    """Write a prediction down, unless it is still blank or its answer was seen.

    Parameters
    ----------
    name : str
        What is predicted; `reveal` asks for the same name.
    value : number, bool, str, (low, high), or a dictionary of these
    choices : tuple of str, optional
        The words to choose from.
    """
    record = _read()
    old = record.get(name, {})
    if "seen" in old:
        kept = f"You said {_text(old['value'])}, and that stays" if "value" in old else "Nothing was written before it"
        print(f"{name}: its answer was shown on {old['seen']}. {kept}.")
    elif _is_blank(value):
        print(f"○ {name}: put your answer in place of the dots and run this cell again. The result comes next.")
    elif choices and value not in choices:
        print(f"○ {name}: choose one of {', '.join(map(repr, choices))}. Nothing is written yet.")
    else:
        _write(record | {name: {"lesson": lesson.current, "value": _plain(value), "made": _now()}})
        print(f"Written down. {name}: {_text(_plain(value))}.")


def reveal(name, truth):
    """Print what turned out, beside what was predicted, and keep both."""
    record, truth = _read(), _plain(truth)
    entry = record.get(name, {"lesson": lesson.current})
    if "seen" not in entry:
        _write(record | {name: {**entry, "seen": _now(), "truth": truth}})
    said = entry.get("value")
    if isinstance(truth, dict):
        for part, value in truth.items():
            print(f"{name}, {part}: {_text(value)} · {_beside(said.get(part) if isinstance(said, dict) else said)}")
    else:
        print(f"{name}: {_text(truth)} · {_beside(said)}")


def distance(value, truth):
    """How far a prediction was off: 0 is right. Of numbers the relative error, of a range how far outside it is; for
    words and truth values 1 is wrong; of a dictionary the mean. None if the two cannot be compared.
    """
    if isinstance(truth, dict):
        parts = [distance(value.get(k), t) for k, t in truth.items()] if isinstance(value, dict) else [None]
        return None if None in parts else sum(parts) / len(parts)
    if isinstance(truth, (bool, str)) or isinstance(value, (bool, str)):
        return float(value != truth) if type(value) is type(truth) else None
    if isinstance(value, list) and len(value) == 2 and isinstance(truth, Real):
        low, high = sorted(value)
        return 0.0 if low <= truth <= high else min(abs(low - truth), abs(high - truth)) / (abs(truth) or 1)
    if isinstance(value, Real) and isinstance(truth, Real):
        return abs(value - truth) / (abs(truth) or 1)
    return None


def commit(agree, in_my_words):
    """Lesson 00: write down which statements one agrees with, and the answer in one's own words.

    Parameters
    ----------
    agree : {statement number: True or False}
        `...` stands for "not decided yet"; as long as there is one, nothing is written.
    in_my_words : str
    """
    record = _read()
    odd = [str(n) for n, answer in agree.items() if answer is not ... and not isinstance(answer, bool)]
    open_ones = ", ".join(str(n) for n, answer in agree.items() if answer is ...)
    left = [f"statement {open_ones}"] if open_ones else []
    if _is_blank(in_my_words):
        left.append("the answer in your own words")
    if QUESTION in record:
        print(f"You committed on {record[QUESTION]['made']}, and that stays. `recall()` shows it.")
    elif odd:
        print(f"An answer is True or False. Look again at statement {', '.join(odd)}. Nothing is written yet.")
    elif left:
        print(f"Still open: {'; '.join(left)}. Nothing is written yet.")
    else:
        votes = {str(n): answer for n, answer in agree.items()}
        _write(record | {QUESTION: {"lesson": "00", "made": _now(), "agree": votes, "words": str(in_my_words)}})
        print(f"Written to {PREDICTIONS}. Lesson 06 will ask for it.")


def recall():
    """Print the statements of lesson 00, how one voted, and the verdict of those that are decided by now."""
    entry = _read().get(QUESTION)
    if entry is None:
        print("No prediction is written down. Lesson 00 asks for one.")
        return
    now = lesson.current or "99"
    for number, (statement, is_so, decided) in STATEMENTS.items():
        vote = entry["agree"].get(str(number))
        said = {True: "you agreed", False: "you disagreed"}.get(vote, "you did not vote")
        verdict = (
            f"lesson {decided}: {'it is so' if is_so else 'it is not so'}"
            if decided <= now
            else f"lesson {decided} decides"
        )
        say(f"{number} · {statement} {said[0].upper()}{said[1:]}; {verdict}.")
    print(f"\nIn your words, on {entry['made']}:\n{entry['words']}")


def all_predictions():
    """Print every prediction of the course beside what turned out, and how one's aim changed from lesson to lesson."""
    made = [(e["lesson"] or "", n, e) for n, e in _read().items() if n != QUESTION and {"value", "truth"} <= e.keys()]
    if not made:
        print("No prediction was written down before its answer was shown.")
        return
    right = {}
    for number, name, entry in sorted(made, key=lambda row: row[0]):
        off = distance(entry["value"], entry["truth"])
        right.setdefault(number, []).append(off is not None and off <= NEAR)
        verdict = "not to be compared" if off is None else "right" if off <= NEAR else _off(entry["truth"], off)
        say(f"{number} · {name}: you said {_text(entry['value'])}, it was {_text(entry['truth'])}: {verdict}.")
    print()
    for number, hits in right.items():
        print(f"lesson {number}: {'●' * sum(hits)}{'○' * (len(hits) - sum(hits))} {sum(hits)} of {len(hits)}")


def _off(truth, off):
    return f"{off:.0%} off" if isinstance(truth, Real) and not isinstance(truth, bool) else "it is not so"


def _beside(said):
    return "no prediction was made" if said is None else f"you said {_text(said)}"


def _is_blank(value):
    if isinstance(value, str):
        return not value.strip(" .")
    if isinstance(value, (list, tuple)):
        return any(map(_is_blank, value))
    return any(map(_is_blank, value.values())) if isinstance(value, dict) else value is ... or value is None


def _plain(value):
    """The value as JSON holds it."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, np.ndarray)):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _text(value):
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items())
    return " to ".join(map(_text, value)) if isinstance(value, list) else rounded(value)


def _now():
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")


def _read():
    path = Path(PREDICTIONS)
    if not has_a_reader():
        return {}
    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        aside = path.with_suffix(".unreadable.json")
        path.replace(aside)
        print(f"{PREDICTIONS} could not be read. It is kept as {aside}, and a new one begins.")
        return {}
    return record if isinstance(record, dict) else {}


def _write(record):
    if has_a_reader():
        write_atomically(Path(PREDICTIONS), json.dumps(record, indent=1, ensure_ascii=False) + "\n")
