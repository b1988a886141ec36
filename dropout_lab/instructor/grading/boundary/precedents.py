"""What was asked and answered before: the same answers to the same questions have the same verdict.

With one seed the judge asks the same questions for as long as it gets the same answers. So the questions of an exercise
are kept as a tree, each with a digest of the answers that were given to it, and the verdict at the end. The next
submission is sent them some ahead. Where all its answers were given before, to the last bit and in this order, so was
its verdict; at the first new answer its process is ended, and the exercise judged as if nothing had been asked.

A submission learns nothing from it: what it is sent are questions that it would be sent anyway.
"""

import hashlib
import os
from dataclasses import dataclass, field

KEPT = 192 << 20  # bytes of questions


@dataclass
class Question:
    """A call as it was sent, the bytes of its arrays with their places in the shared memory, and what came next.

    `answers` leads from the digest of an answer to the next question, or to the verdict.
    """

    frame: bytes
    placed: list
    answers: dict = field(default_factory=dict)

    def follows(self):
        """What comes next if only one answer is known, else None."""
        return next(iter(self.answers.values())) if len(self.answers) == 1 else None


class Precedents:
    """Questions by exercise and seed. `size` is how many bytes of them are kept, `most` how many may be."""

    def __init__(self, most=KEPT):
        self.size, self.most, self._first, self._key = 0, most, {}, os.urandom(32)

    def digest(self, text, body):
        """Of an answer. It has a secret key: nobody can look for another answer with the same digest."""
        digest = hashlib.sha256(self._key + text + b"\0")  # the quickest where processors help
        digest.update(body)
        return digest.digest()

    def verdict(self, name, seed, boundary):
        """The verdict on an exercise that has begun if it is known, else None; then its process may have ended."""
        first = self._first.get((name, seed))
        if first is None or boundary.unusable:
            return None
        verdict = boundary.follow(first, self.digest)
        if verdict is None:
            boundary.close()
        return verdict

    def add(self, name, seed, story, verdict):
        """Keep what was asked, [(frame, placed, text and body of the answer)], and where it led to."""
        nodes = [(Question(frame, placed), self.digest(*answer)) for frame, placed, answer in story]
        if not nodes:
            return
        place, key = self._first, (name, seed)
        for new, digest in nodes:
            known = place.get(key)
            if known is None:
                size = len(new.frame) + sum(len(raw) for _, raw in new.placed)
                if self.size + size > self.most:
                    return
                self.size += size
                place[key] = known = new
            elif not isinstance(known, Question) or known.frame != new.frame or known.placed != new.placed:
                return  # the judge asked something else after the same answers: nothing can be foretold
            place, key = known.answers, digest
        place[key] = verdict
