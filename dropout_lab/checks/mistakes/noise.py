"""Mistakes in noise.py: group D, relatives of dropout taken for one another."""

import numpy as np

from dropout_lab.checks.mistakes import mistake


def _like(x, values):
    return np.asarray(values, dtype=x.dtype)


def _gaussian(x, p, rng, train=True):
    noise = _like(x, 1 + np.sqrt(p / (1 - p)) * rng.standard_normal(x.shape)) if train else _like(x, np.ones(x.shape))
    return noise * x, noise


def _times(dout, cache):
    return dout * cache


@mistake("D01", of="gaussian_dropout_forward", title="the standard deviation is p / (1 - p), not the variance")
def variance_as_deviation(x, p, rng, train=True):
    """Generators ask for the standard deviation; p / (1 - p) is a variance."""
    noise = _like(x, rng.normal(1, p / (1 - p), x.shape)) if train else _like(x, np.ones(x.shape))
    return noise * x, noise


@mistake("D02", of="gaussian_dropout_forward", title="the noise has mean 0")
def noise_around_zero(x, p, rng, train=True):
    """Noise that multiplies has to leave the mean alone: which mean does a factor need for that?"""
    noise = _like(x, rng.normal(0, np.sqrt(p / (1 - p)), x.shape)) if train else _like(x, np.ones(x.shape))
    return noise * x, noise


@mistake("D03", of="gaussian_dropout_forward", title="the noise is added, not multiplied")
def added_noise(x, p, rng, train=True):
    """Dropout's noise grows with the activation: it multiplies. Added noise is the same for large and small ones."""
    noise = _like(x, rng.normal(0, np.sqrt(p / (1 - p)), x.shape)) if train else _like(x, np.zeros(x.shape))
    return x + noise, _like(x, np.ones(x.shape))


@mistake("D04", of="gaussian_dropout_forward", title="this is dropout itself, with its zeros")
def bernoulli_noise(x, p, rng, train=True):
    """Mean and variance are right, but the factors take two values. Which distribution gave the exercise its name?"""
    noise = _like(x, (rng.random(x.shape) >= p) / (1 - p) if train else np.ones(x.shape))
    return noise * x, noise


@mistake("D05", of="gaussian_dropout_forward", title="one row of noise serves the whole batch")
def shared_noise(x, p, rng, train=True):
    """Every sample needs noise of its own; what shape did you draw?"""
    noise = _like(x, 1 + np.sqrt(p / (1 - p)) * rng.standard_normal(x.shape[-1]) if train else np.ones(x.shape[-1]))
    return x * noise, noise + np.zeros_like(x)


@mistake("D06", of="gaussian_dropout_forward", title="the noise stays on at test time")
def gaussian_at_test(x, p, rng, train=True):
    """Noise is for training. What does `train` decide?"""
    return _gaussian(x, p, rng)


@mistake("D07", of="gaussian_dropout_forward", title="the variance is p (1 - p), that of the coin itself")
def coin_variance(x, p, rng, train=True):
    """p (1 - p) is the variance of a coin that shows 0 or 1. Dropout divides that coin by 1 - p.

    What does this do to its variance?
    """
    noise = _like(x, rng.normal(1, np.sqrt(p * (1 - p)), x.shape)) if train else _like(x, np.ones(x.shape))
    return noise * x, noise


def _mistaken_backwards(of, letter):
    """The ways to get dx = dout * m wrong, for two layers alike."""

    @mistake(f"{letter}1", of=of, title="backward ignores the noise")
    def unchanged(dout, cache):
        """Forward multiplied by something, so backward has to as well."""
        return dout

    @mistake(f"{letter}2", of=of, title="backward divides by the noise")
    def divided(dout, cache):
        """The derivative of x * m with respect to x is m, not 1 / m."""
        safe = np.where(cache == 0, 1, cache)
        return dout / safe.astype(dout.dtype)

    @mistake(f"{letter}3", of=of, title="the upstream gradient is changed in place")
    def in_place(dout, cache):
        """Whoever called still needs dout."""
        dout *= cache
        return dout

    @mistake(f"{letter}4", of=of, title="backward multiplies by the noise twice")
    def squared(dout, cache):
        """One multiplication forward, one backward."""
        return dout * cache * cache


_mistaken_backwards("gaussian_dropout_backward", "D1")
_mistaken_backwards("spatial_dropout_backward", "D5")


def _spatial(x, p, rng, train=True, shape=None, scale=True):
    if not train:
        return x * _like(x, np.ones(x.shape)), _like(x, np.ones(x.shape))
    kept = rng.uniform(size=shape or (*x.shape[:2], 1, 1)) < 1 - p
    factor = _like(x, np.broadcast_to(kept / max(1 - p, 1e-300) if scale else kept * 1.0, x.shape))
    return factor * x, factor


@mistake("D41", of="spatial_dropout_forward", title="single entries are dropped, not whole maps")
def entries(x, p, rng, train=True):
    """A coin for every entry is ordinary dropout. Here a map stays or goes as a whole: what shape have the coins?"""
    return _spatial(x, p, rng, train, x.shape)


@mistake("D42", of="spatial_dropout_forward", title="the same channels are dropped for all samples")
def channels(x, p, rng, train=True):
    """Each sample has coins of its own; what shape did you draw?"""
    return _spatial(x, p, rng, train, (1, x.shape[1], 1, 1))


@mistake("D43", of="spatial_dropout_forward", title="kept maps are not scaled")
def unscaled(x, p, rng, train=True):
    """A share p of the maps is gone, and of the signal with it, unless the others make up for it."""
    return _spatial(x, p, rng, train, scale=False)


@mistake("D44", of="spatial_dropout_forward", title="positions are dropped in all channels at once")
def positions(x, p, rng, train=True):
    """Channels, not positions, have the coins."""
    return _spatial(x, p, rng, train, (x.shape[0], 1, *x.shape[2:]))


@mistake("D45", of="spatial_dropout_forward", title="p is taken for the probability to keep")
def swapped(x, p, rng, train=True):
    """p is the probability to drop."""
    return _spatial(x, 1 - p, rng, train)


@mistake("D46", of="spatial_dropout_forward", title="maps are dropped at test time too")
def spatial_at_test(x, p, rng, train=True):
    """Coins are for training. What does `train` decide?"""
    return _spatial(x, p, rng)


def _dropconnect(x, w, b, p, rng, train=True, shape=None, scale=True):
    kept = rng.uniform(size=shape or w.shape) < 1 - p if train else np.ones(w.shape, bool)
    factor = _like(w, np.broadcast_to(kept / max(1 - p, 1e-300) if scale and train else kept * 1.0, w.shape))
    return np.einsum("nd,dh->nh", x, w * factor) + b, (x, w, factor)


def _dropconnect_gradients(dout, cache):
    x, w, factor = cache
    thinned = w * factor
    return np.einsum("nh,dh->nd", dout, thinned), np.einsum("nd,nh->dh", x, dout) * factor, np.einsum("nh->h", dout)


@mistake("D21", of="dropconnect_forward", title="whole units are dropped: this is dropout")
def units(x, w, b, p, rng, train=True):
    """A mask with one entry for each unit is dropout's. What shape has w?"""
    return _dropconnect(x, w, b, p, rng, train, (1, w.shape[1]))


@mistake("D22", of="dropconnect_forward", title="kept weights are not scaled")
def unscaled_weights(x, w, b, p, rng, train=True):
    """A share p of every sum is gone, unless the kept weights make up for it."""
    return _dropconnect(x, w, b, p, rng, train, scale=False)


@mistake("D23", of="dropconnect_forward", title="p is taken for the probability to keep")
def swapped_weights(x, w, b, p, rng, train=True):
    """p is the probability to drop."""
    return _dropconnect(x, w, b, 1 - p if train else p, rng, train)


@mistake("D24", of="dropconnect_forward", title="weights are dropped at test time too")
def dropconnect_at_test(x, w, b, p, rng, train=True):
    """At test time all weights count, as they are."""
    return _dropconnect(x, w, b, p, rng)


@mistake("D25", of="dropconnect_forward", title="whole inputs are dropped")
def inputs(x, w, b, p, rng, train=True):
    """A coin for each row of w takes an input away from all units. What shape has w?"""
    return _dropconnect(x, w, b, p, rng, train, (w.shape[0], 1))


@mistake("D26", of="dropconnect_forward", title="the weights are changed in place")
def weights_in_place(x, w, b, p, rng, train=True):
    """The dropped weights are only away for this mini-batch; the next one needs them again."""
    out, (x, old, factor) = _dropconnect(x, w.copy(), b, p, rng, train)
    w *= factor
    return out, (x, old, factor)


@mistake("D27", of="dropconnect_forward", title="outputs are dropped: this is dropout behind an affine layer")
def outputs(x, w, b, p, rng, train=True):
    """DropConnect thins w before x meets it, so that no output is silenced. What is multiplied by the mask?"""
    if not train:
        return _dropconnect(x, w, b, p, rng, train)
    kept = rng.uniform(size=(len(x), w.shape[1])) < 1 - p
    return np.einsum("nd,dh->nh", x, w) * _like(x, kept / max(1 - p, 1e-300)) + b, (x, w, _like(w, np.ones(w.shape)))


@mistake("D31", of="dropconnect_backward", title="the gradient of w lacks the mask")
def unmasked_weights(dout, cache):
    """What x met is w * m. From there back to w is one more step of the chain rule."""
    dx, _, db = _dropconnect_gradients(dout, cache)
    return dx, np.einsum("nd,nh->dh", cache[0], dout), db


@mistake("D32", of="dropconnect_backward", title="dx goes through the full weights, not the thinned ones")
def full_weights(dout, cache):
    """Forward multiplied x by the thinned weights; that is what its derivative contains."""
    _, dw, db = _dropconnect_gradients(dout, cache)
    return np.einsum("nh,dh->nd", dout, cache[1]), dw, db


@mistake("D33", of="dropconnect_backward", title="the gradient of b is averaged over the batch")
def mean_bias(dout, cache):
    """b is added to every sample, so every sample has its say: a sum."""
    dx, dw, db = _dropconnect_gradients(dout, cache)
    return dx, dw, db / len(dout)


@mistake("D34", of="dropconnect_backward", title="the gradient of w has the mask, but not its scale")
def unscaled_gradient(dout, cache):
    """The derivative of w * m with respect to w is m, the whole of it."""
    dx, _, db = _dropconnect_gradients(dout, cache)
    return dx, np.einsum("nd,nh->dh", cache[0], dout) * (cache[2] > 0), db


def _one_pass(params, x, p, rng, train=True):
    """Scores of a network with one hidden layer."""
    h = np.clip(np.einsum("nd,dh->nh", x, params["W1"]) + params["b1"], 0, None)
    kept = (rng.uniform(size=h.shape) < 1 - p) / (1 - p) if train else 1.0
    return np.einsum("nh,hc->nc", h * kept, params["W2"]) + params["b2"]


def _probabilities(scores):
    powers = np.exp(scores)
    return powers / powers.sum(axis=-1, keepdims=True)


def _passes(params, x, p, rng, passes):
    return np.array([_one_pass(params, x, p, rng) for _ in range(passes)])


@mistake("D61", of="mc_predict", title="the scores are averaged, then turned into probabilities")
def mean_of_scores(params, x, p, rng, passes):
    """Each pass is a prediction, in probabilities. Average the predictions."""
    scores = _passes(params, x, p, rng, passes)
    return _probabilities(scores.mean(axis=0)), _probabilities(scores).std(axis=0)


@mistake("D62", of="mc_predict", title="the spread is a variance")
def variance_for_deviation(params, x, p, rng, passes):
    """The standard deviation has the unit of a probability; what you return is its square."""
    samples = _probabilities(_passes(params, x, p, rng, passes))
    return samples.mean(axis=0), samples.var(axis=0)


@mistake("D63", of="mc_predict", title="the standard error of the mean is returned for the spread")
def error_of_the_mean(params, x, p, rng, passes):
    """The spread of the predictions does not shrink with more passes; only what you know of their mean does."""
    samples = _probabilities(_passes(params, x, p, rng, passes))
    return samples.mean(axis=0), samples.std(axis=0) / np.sqrt(passes)


@mistake("D64", of="mc_predict", title="dropout is off: every pass is the same")
def test_mode(params, x, p, rng, passes):
    """Without noise there is nothing to average. In which mode does the network run?"""
    samples = _probabilities(np.array([_one_pass(params, x, p, rng, train=False)] * passes))
    return np.mean(samples, axis=0), np.std(samples, axis=0)


@mistake("D65", of="mc_predict", title="every pass draws the same masks")
def same_masks(params, x, p, rng, passes):
    """Masks that start from the same seed in every pass are one mask. Let the generator run on."""
    samples = _probabilities(np.array([_one_pass(params, x, p, np.random.default_rng(0)) for _ in range(passes)]))
    return np.mean(samples, axis=0), np.std(samples, axis=0)


@mistake("D66", of="mc_predict", title="scores are returned, not probabilities")
def scores_for_probabilities(params, x, p, rng, passes):
    """A score says little by itself; softmax turns scores into probabilities."""
    scores = _passes(params, x, p, rng, passes)
    return scores.mean(axis=0), scores.std(axis=0)


def _mc_predict(params, x, p, rng, passes):
    samples = _probabilities(_passes(params, x, p, rng, passes))
    return np.mean(samples, axis=0), np.sqrt(np.var(samples, axis=0))


RIGHT = {
    "gaussian_dropout_forward": _gaussian,
    "gaussian_dropout_backward": _times,
    "spatial_dropout_forward": _spatial,
    "spatial_dropout_backward": _times,
    "dropconnect_forward": _dropconnect,
    "dropconnect_backward": _dropconnect_gradients,
    "mc_predict": _mc_predict,
}
