"""A prediction that is written down once, before the evidence, and read again after it."""

import json
from datetime import date
from pathlib import Path

FILE = "my_prediction.json"  # beside the lessons, where notebooks run


def commit(agree, in_my_words, folder="."):
    """Write a prediction to a file; what is written stays, because it was made before the evidence.

    Parameters
    ----------
    agree : {statement number: True or False}
        `...` stands for "not decided yet"; as long as there is one, nothing is written.
    in_my_words : str
    folder : str or Path
    """
    path = Path(folder) / FILE
    odd = [str(n) for n, answer in agree.items() if answer is not ... and not isinstance(answer, bool)]
    open_ones = ", ".join(str(n) for n, answer in agree.items() if answer is ...)
    left = [f"statement {open_ones}"] if open_ones else []
    if in_my_words is ... or not str(in_my_words).strip(" ."):
        left.append("the answer in your own words")
    if path.exists():
        when = _read(path)["date"]
        print(f"You committed on {when}, and that stays. `recall()` shows it. To begin again, delete {FILE}.")
    elif odd:
        print(f"An answer is True or False. Look again at statement {', '.join(odd)}. Nothing is written yet.")
    elif left:
        print(f"Still open: {'; '.join(left)}. Nothing is written yet.")
    else:
        record = {"date": date.today().isoformat(), "agree": agree, "in_my_words": str(in_my_words)}
        path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(f"Written to {FILE}. Lesson 06 will ask for it.")


def recall(folder="."):
    """Print the prediction that `commit` wrote."""
    path = Path(folder) / FILE
    if not path.exists():
        print("No prediction is written down. Lesson 00 asks for one.")
        return
    record = _read(path)
    answers = ", ".join(f"{n} {'agree' if answer else 'disagree'}" for n, answer in record["agree"].items())
    print(f"{record['date']}: {answers}.\n{record['in_my_words']}")


def _read(path):
    return json.loads(path.read_text("utf-8"))
