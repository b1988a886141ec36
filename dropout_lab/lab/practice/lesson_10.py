"""The judge of lesson 10's batch normalisation at test time."""

from dropout_lab.lab.practice.judging import Judge, Practice


def _normalised(train, test):
    return (test - train.mean()) / train.std()


try_out = Judge(
    normalised=Practice(
        _normalised,
        lambda rng: [(rng.normal(1, 2, 50), rng.normal(0, 1, 40)), (rng.normal(-1, 0.5, 30), rng.normal(2, 1, 30))],
        {
            "it uses the mean and the deviation of `test`; what batch normalisation remembers is that of `train`.": (
                lambda train, test: _normalised(test, test)
            ),
            "it divides by the variance; the unit goes with the standard deviation.": (
                lambda train, test: (test - train.mean()) / train.var()
            ),
            "it is `train` that is normalised; the question is what `test` becomes.": (
                lambda train, test: _normalised(train, train)
            ),
            "the mean is still there: subtract it first.": lambda train, test: test / train.std(),
            "it subtracts the mean and does not divide.": lambda train, test: test - train.mean(),
            "this is the deviation of the result; the function returns the result.": (
                lambda train, test: _normalised(train, test).std()
            ),
        },
    )
)
