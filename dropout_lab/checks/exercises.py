"""The table of exercises: what a student writes, where, and what it is worth."""

from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Exercise:
    """One row of the table.

    `name` is what `check` and `hint` are called with, `function` what the student writes
    (usually the same word). `needs` are functions that have to be there before this one can be judged.
    """

    name: str
    module: str
    number: str
    points: int
    level: int  # difficulty, 1 to 3
    minutes: int
    lines: int  # of a typical answer
    function: str = ""
    needs: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "function", self.function or self.name)

    @property
    def lesson(self):
        return self.number.split(".")[0].zfill(2)

    @property
    def file(self):
        return f"dropout_lab/{self.module}.py"

    @property
    def place(self):
        return f"Lesson {self.lesson}, exercise {self.number}: {self.file}"


_TABLE = (
    Exercise("affine_forward", "layers", "1.1", 5, 1, 5, 1),
    Exercise("affine_backward", "layers", "1.2", 10, 2, 15, 4, needs=("affine_forward",)),
    Exercise("numerical_gradient", "gradcheck", "2.1", 10, 2, 10, 6),
    Exercise("relative_error", "gradcheck", "2.2", 5, 1, 5, 2),
    Exercise("gradient_check", "gradcheck", "2.3", 5, 2, 10, 4, needs=("numerical_gradient", "relative_error")),
    Exercise("relu_forward", "layers", "3.1", 5, 1, 3, 1),
    Exercise("relu_backward", "layers", "3.2", 5, 1, 5, 1, needs=("relu_forward",)),
    Exercise("softmax_cross_entropy", "layers", "3.3", 15, 3, 15, 6),
    Exercise("init_params", "network", "3.4", 5, 1, 5, 4),
    Exercise("mlp_forward", "network", "3.5", 10, 2, 10, 7, needs=("affine_forward", "relu_forward")),
    Exercise("mlp_backward", "network", "3.6", 10, 3, 15, 7, needs=("affine_backward", "relu_backward", "mlp_forward")),
    Exercise(
        "loss_and_grads", "network", "3.7", 5, 1, 3, 3, needs=("softmax_cross_entropy", "mlp_forward", "mlp_backward")
    ),
    Exercise("sgd_momentum", "training", "4.1", 10, 2, 10, 2),
    Exercise("zeroing_forward", "dropout", "5.1", 10, 1, 10, 3),
    Exercise("zeroing_backward", "dropout", "5.2", 10, 1, 5, 1, needs=("zeroing_forward",)),
    Exercise("dropout_forward", "dropout", "6.1", 15, 2, 15, 5),
    Exercise("dropout_backward", "dropout", "6.2", 10, 1, 5, 1, needs=("dropout_forward",)),
    Exercise(
        "mlp_dropout",
        "network",
        "6.3",
        15,
        2,
        15,
        4,
        function="mlp_forward",
        needs=("dropout_forward", "dropout_backward", "mlp_forward", "mlp_backward", "loss_and_grads"),
    ),
    Exercise("gaussian_dropout_forward", "noise", "10.1", 5, 1, 5, 4),
    Exercise("gaussian_dropout_backward", "noise", "10.2", 5, 1, 3, 1, needs=("gaussian_dropout_forward",)),
    Exercise("dropconnect_forward", "noise", "10.3", 10, 2, 10, 4),
    Exercise("dropconnect_backward", "noise", "10.4", 10, 3, 10, 3, needs=("dropconnect_forward",)),
    Exercise("spatial_dropout_forward", "noise", "10.5", 10, 2, 5, 4),
    Exercise("spatial_dropout_backward", "noise", "10.6", 5, 1, 3, 1, needs=("spatial_dropout_forward",)),
    Exercise("mc_predict", "noise", "10.7", 5, 2, 5, 2, needs=("mlp_forward", "dropout_forward")),
    Exercise("max_norm", "training", "12.1", 5, 2, 5, 2),
)

EXERCISES = {exercise.name: exercise for exercise in _TABLE}
MODULES = ("layers", "gradcheck", "dropout", "network", "training", "noise")  # each imports only earlier ones


def find(name):
    """The exercise of that name.

    Raises
    ------
    KeyError
        If there is none; the message suggests the nearest.
    """
    if name in EXERCISES:
        return EXERCISES[name]
    near = get_close_matches(str(name), EXERCISES, n=1, cutoff=0.4)
    suggestion = f" Did you mean {near[0]!r}?" if near else ""
    raise UnknownExercise(f"there is no exercise {name!r}.{suggestion} `dropout-lab check` lists all.")


class UnknownExercise(KeyError):
    """A name that is in no row of the table; its text is a sentence, without KeyError's quotes."""

    def __str__(self):
        return self.args[0]

    def _render_traceback_(self):
        """In a notebook, the sentence alone."""
        return [self.args[0]]


def in_lesson(number):
    """{name: exercise} of a lesson, given as "05", "5" or 5; empty if there is none.

    Raises
    ------
    UnknownExercise
        If the lesson has no function in dropout_lab/.
    """
    lesson = str(number).zfill(2)
    found = {name: e for name, e in EXERCISES.items() if e.lesson == lesson}
    if not found:
        raise UnknownExercise(f"lesson {lesson} asks for no function in dropout_lab/. `dropout-lab check` lists all.")
    return found


def is_lesson(name):
    """Whether what was asked for is a lesson's number and not an exercise's name."""
    return str(name).isdecimal()


def following(exercise):
    """The exercise after this one, or None."""
    rest = _TABLE[_TABLE.index(exercise) + 1 :]
    return rest[0] if rest else None
