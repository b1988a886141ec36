"""Probes of spatial dropout: dropout of maps, so that what is judged of dropout's entries is judged of its maps.

Bounds on chance are those of `dropout_forward`, with maps for entries.
"""

import numpy as np

from dropout_lab.checks.aspects import Aspect
from dropout_lab.checks.probes import probe, unpack
from dropout_lab.checks.probes.dropout_backward import backward_aspects, four_axes, maps_at_zero
from dropout_lab.checks.probes.dropout_forward import forward_aspects
from dropout_lab.checks.probes.dropout_masks import away_from_zero, coins, look, measurable, middle, while_measurable

TOGETHER = {  # axes of (samples, channels, height, width) along which zeros are the same
    (): "entry by entry",
    (3,): "row by row",
    (2,): "column by column",
    (2, 3): "map by map",
    (1,): "position by position, in all channels at once",
    (1, 2): "by the last axis, in all channels and rows",
    (1, 2, 3): "sample by sample",
    (0,): "in the same places for all samples",
    (0, 2, 3): "channel by channel, the same for all samples",
    (0, 1): "in the same places for all samples and channels",
    (0, 1, 2, 3): "all at once",
}


@probe("spatial_dropout_forward")
def spatial_dropout_forward(f, rng):
    yield from while_measurable(_forward, f.spatial_dropout_forward, rng)


@probe("spatial_dropout_backward")
def spatial_dropout_backward(f, rng):
    forward, backward = f.spatial_dropout_forward, f.spatial_dropout_backward
    yield from while_measurable(lambda: backward_aspects(forward, backward, rng, four_axes, maps_at_zero))


def _forward(call, rng):
    yield _whole_maps(call, rng)
    height, width = (int(n) for n in rng.integers(1, 4, 2))
    maps = _of_maps(call, away_from_zero(rng, (height, width)))
    yield from forward_aspects(maps, rng, lambda p: 1 / (1 - p), lambda p: 1.0, whole_numbers=False)


def _whole_maps(call, rng):
    """Which entries fall together, in a batch of images that is no square in any sense."""
    x = away_from_zero(rng, tuple(rng.integers((7, 8, 3, 5), (10, 11, 5, 8))))
    a = look(call, x, middle(rng), coins(rng))
    nothing = not a.dropped.any()
    together = tuple(axis for axis in range(4) if (a.dropped == a.dropped.take([0], axis)).all())
    how = "map by map" if nothing else TOGETHER.get(together, f"together along axes {together}")
    say = f"zeros come {how}; they should come map by map: one coin for each sample and channel."
    return Aspect("whole maps", how, how == "map by map", say)


def _of_maps(call, pattern):
    """The layer as one of maps: entry (n, c) of x becomes a map, and out has what its corner was multiplied by."""

    def thinned(x, p, rng, **mode):
        table = x.reshape(len(x), -1)
        images = table[:, :, None, None] * pattern.astype(x.dtype)
        images.flags.writeable = x.flags.writeable
        given = images.copy() if x.flags.writeable else images
        out, cache = unpack(call(given, p, rng, **mode), "out", "cache")
        read = measurable("out", out, images.shape)
        if not np.array_equal(given, images):
            x += 1
        factor = (read[:, :, 0, 0] / images[:, :, 0, 0]).reshape(x.shape)
        return (x * factor).astype(np.asarray(out).dtype), cache

    return thinned
