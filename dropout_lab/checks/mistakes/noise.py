"""Mistakes in noise.py: group D, relatives of dropout taken for one another."""

from functools import wraps

import numpy as np

from dropout_lab.checks.mistakes import mistake


def _like(x, values):
    return np.asarray(values, dtype=x.dtype)


def _guarded(function, below_one):
    """The function with the guards of the stub."""

    @wraps(function)
    def forward(*arrays_p_rng, train=True):
        *_, p, rng = arrays_p_rng
        if isinstance(p, str) or not 0 <= p <= 1 or (below_one and p == 1):
            raise ValueError(f"p must be a probability, not {p!r}")
        if train and rng is None:
            raise TypeError("rng must be a generator")
        return function(*arrays_p_rng, train=train)

    return forward


def layer(id, of, title):
    """Register a wrong forward pass, behind the guards of the stub."""

    def register(function):
        mistake(id, of=of, title=title)(_guarded(function, of.startswith("gaussian")))
        return function

    return register


def _gaussian(x, p, rng, train=True):
    noise = _like(x, 1 + np.sqrt(p / (1 - p)) * rng.standard_normal(x.shape)) if train else _like(x, np.ones(x.shape))
    return noise * x, noise


def _times(dout, cache):
    return dout * cache


@layer("D01", of="gaussian_dropout_forward", title="the standard deviation is p / (1 - p), not the variance")
def variance_as_deviation(x, p, rng, train=True):
    """Generators ask for the standard deviation; p / (1 - p) is a variance."""
    noise = _like(x, rng.normal(1, p / (1 - p), x.shape)) if train else _like(x, np.ones(x.shape))
    return noise * x, noise


@layer("D02", of="gaussian_dropout_forward", title="the noise has mean 0")
def noise_around_zero(x, p, rng, train=True):
    """Noise that multiplies has to leave the mean alone: which mean does a factor need for that?"""
    noise = _like(x, rng.normal(0, np.sqrt(p / (1 - p)), x.shape)) if train else _like(x, np.ones(x.shape))
    return noise * x, noise


@layer("D03", of="gaussian_dropout_forward", title="the noise is added, not multiplied")
def added_noise(x, p, rng, train=True):
    """Dropout's noise grows with the activation: it multiplies. Added noise is the same for large and small ones."""
    noise = _like(x, rng.normal(0, np.sqrt(p / (1 - p)), x.shape)) if train else _like(x, np.zeros(x.shape))
    return x + noise, _like(x, np.ones(x.shape))


@layer("D04", of="gaussian_dropout_forward", title="this is dropout itself, with its zeros")
def bernoulli_noise(x, p, rng, train=True):
    """Mean and variance are right, but the factors take two values. Which distribution gave the exercise its name?"""
    noise = _like(x, (rng.random(x.shape) >= p) / (1 - p) if train else np.ones(x.shape))
    return noise * x, noise


@layer("D05", of="gaussian_dropout_forward", title="one row of noise serves the whole batch")
def shared_noise(x, p, rng, train=True):
    """Every sample needs noise of its own; what shape did you draw?"""
    noise = _like(x, 1 + np.sqrt(p / (1 - p)) * rng.standard_normal(x.shape[-1]) if train else np.ones(x.shape[-1]))
    return x * noise, noise + np.zeros_like(x)


@layer("D06", of="gaussian_dropout_forward", title="the noise stays on at test time")
def gaussian_at_test(x, p, rng, train=True):
    """Noise is for training. What does `train` decide?"""
    return _gaussian(x, p, rng or np.random.default_rng())


@layer("D07", of="gaussian_dropout_forward", title="the variance is p (1 - p), that of the coin itself")
def coin_variance(x, p, rng, train=True):
    """p (1 - p) is the variance of a coin that shows 0 or 1. Dropout divides that coin by 1 - p.

    What does this do to its variance?
    """
    noise = _like(x, rng.normal(1, np.sqrt(p * (1 - p)), x.shape)) if train else _like(x, np.ones(x.shape))
    return noise * x, noise


def _normal(x, deviation, rng, train):
    noise = _like(x, 1 + deviation * rng.standard_normal(x.shape)) if train else _like(x, np.ones(x.shape))
    return noise * x, noise


@layer("D71", of="gaussian_dropout_forward", title="the variance is p, not p / (1 - p)")
def variance_p(x, p, rng, train=True):
    """Dropout divides its coins by 1 - p, which makes their variance larger than p. By how much?"""
    return _normal(x, np.sqrt(p), rng, train)


@layer("D76", of="gaussian_dropout_forward", title="the standard deviation is p")
def deviation_p(x, p, rng, train=True):
    """Half of all entries dropped is more noise than a spread of a half. What is the variance of dropout's factor?"""
    return _normal(x, p, rng, train)


@layer(
    "D72", of="gaussian_dropout_forward", title="p is taken for the probability to keep: the variance is (1 - p) / p"
)
def swapped_variance(x, p, rng, train=True):
    """At p near 0 next to nothing is dropped, and the noise has to be next to nothing. What is it here?"""
    return _normal(x, np.sqrt((1 - p) / p) if p else 0.0, rng, train)


@layer("D73", of="gaussian_dropout_forward", title="one factor serves a whole sample")
def noise_per_sample(x, p, rng, train=True):
    """Every entry of a sample needs noise of its own; what shape did you draw?"""
    noise = 1 + np.sqrt(p / (1 - p)) * rng.standard_normal((len(x),) + (1,) * (x.ndim - 1)) if train else np.ones(1)
    return x * _like(x, noise), _like(x, noise + np.zeros(x.shape))


@layer("D74", of="gaussian_dropout_forward", title="the noise is uniform, not normal")
def uniform_noise(x, p, rng, train=True):
    """Mean and variance are right, but the factors end at two borders. Which distribution is to be used?"""
    far = np.sqrt(3 * p / (1 - p))
    noise = _like(x, rng.uniform(1 - far, 1 + far, x.shape) if train else np.ones(x.shape))
    return noise * x, noise


@layer("D75", of="gaussian_dropout_forward", title="training changes nothing: the noise does not reach x")
def no_noise(x, p, rng, train=True):
    """Follow `out` from the top of the function: where does the noise meet x?"""
    return +x, _gaussian(x, p, rng, train)[1]


def _mistaken_ways(of, letter, right):
    """What goes wrong in every layer of noise alike: its generator, its input, its dtype."""

    @layer(f"{letter}a", of=of, title="the random numbers start anew in every call: always the same")
    def seeded(x, p, rng, train=True):
        """A seed set inside the layer gives every mini-batch the same noise. `rng` is passed in."""
        return right(x, p, np.random.default_rng(0), train)

    @layer(f"{letter}b", of=of, title="the generator passed in is ignored; the random numbers come from elsewhere")
    def elsewhere(x, p, rng, train=True):
        """With all random numbers from `rng`, the same generator state repeats a run exactly."""
        return right(x, p, np.random.default_rng(), train)

    @layer(f"{letter}c", of=of, title="the input is changed in place")
    def in_place(x, p, rng, train=True):
        """The layer below keeps this array for its own backward pass. With a new array for out, nothing is lost."""
        out, cache = right(x.copy(), p, rng, train)
        if train:
            x[...] = out
        return out, cache

    @layer(f"{letter}d", of=of, title="float32 goes in and float64 comes out: the noise is of another dtype")
    def promoted(x, p, rng, train=True):
        """float32 times float64 is float64, and every layer above inherits it. Which dtype has the noise?"""
        out, cache = right(x.astype(float), p, rng, train)
        return (out if train else out.astype(x.dtype)), cache

    @layer(f"{letter}e", of=of, title="random numbers are drawn at test time too, though nothing is done with them")
    def drawn_at_test(x, p, rng, train=True):
        """Looking at the test error now and then would change the training that follows. When is `rng` needed?"""
        if not train and rng is not None:
            rng.random()
        return right(x, p, rng, train)


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


_last = {}


def _mistaken_pairs(of, letter, name, layer):
    """Backward passes that go wrong with what forward left, or did not leave, for them."""

    def remembering(x, p, rng, train=True):
        out, _last[name] = layer(x, p, rng, train)
        return out, _last[name]

    def idle(x, p, rng, train=True):
        return +x, _like(x, np.ones(x.shape))

    @mistake(f"{letter}5", of=of, title="backward draws new noise")
    def fresh(dout, cache):
        """The gradient belongs to what forward did, so it needs the noise that forward used. How can that get here?"""
        return dout * _again(dout, cache) if (cache != 1).any() else dout

    @mistake(
        f"{letter}6",
        of=of,
        title="the noise is kept outside the cache, and a later forward pass overwrites it",
        beside={name: remembering},
    )
    def overwritten(dout, cache):
        """Between a forward pass and its backward pass another one may run. What travels in the cache is safe."""
        m = _last[name]
        return dout * (m if np.shape(m) == dout.shape else cache)

    @mistake(f"{letter}7", of=of, title="neither pass does anything", beside={name: idle})
    def nothing_to_do(dout, cache):
        """`return x, None` and `return dout` belong together, and are no dropout. The forward pass comes first."""
        return dout * cache

    @mistake(f"{letter}8", of=of, title="float32 goes in and float64 comes out")
    def promoted(dout, cache):
        """float32 times float64 is float64, and every layer below inherits it. Which dtype has what is in the cache?"""
        return dout * cache.astype(float)

    @mistake(f"{letter}9", of=of, title="backward returns the noise, without the gradient from above")
    def without_dout(dout, cache):
        """The chain rule is a product: what comes from above, times the slope of this layer. Where is dout?"""
        return _like(dout, cache + 0 * dout) if (cache != 1).any() else dout


def _again(dout, cache):
    """Noise as that in the cache, drawn anew: its entries, or its maps, in another order."""
    rng = np.random.default_rng()
    if cache.ndim == 4:
        return cache.reshape(-1, *cache.shape[2:])[rng.permutation(cache.shape[0] * cache.shape[1])].reshape(
            cache.shape
        )
    return rng.permutation(cache.ravel()).reshape(cache.shape)


_mistaken_ways("gaussian_dropout_forward", "D06", _gaussian)
_mistaken_pairs("gaussian_dropout_backward", "D1", "gaussian_dropout_forward", _gaussian)
_mistaken_backwards("gaussian_dropout_backward", "D1")
_mistaken_backwards("spatial_dropout_backward", "D5")


def _spatial(x, p, rng, train=True, shape=None, scale=True):
    if not train:
        return x * _like(x, np.ones(x.shape)), _like(x, np.ones(x.shape))
    kept = rng.uniform(size=shape or (*x.shape[:2], 1, 1)) < 1 - p
    factor = _like(x, np.broadcast_to(kept / max(1 - p, 1e-300) if scale else kept * 1.0, x.shape))
    return factor * x, factor


_mistaken_ways("spatial_dropout_forward", "D46", _spatial)
_mistaken_pairs("spatial_dropout_backward", "D5", "spatial_dropout_forward", _spatial)


@layer("D47", of="spatial_dropout_forward", title="rows of a map are dropped, not whole maps")
def map_rows(x, p, rng, train=True):
    """Lengths of 1 in the last two places make NumPy repeat a coin over a map. What shape have the coins?"""
    return _spatial(x, p, rng, train, (*x.shape[:3], 1))


@layer("D48", of="spatial_dropout_forward", title="one coin for each sample: all of its maps stay or go together")
def whole_samples(x, p, rng, train=True):
    """Each channel of a sample has a coin of its own; what shape did you draw?"""
    return _spatial(x, p, rng, train, (len(x), 1, 1, 1))


@layer(
    "D49", of="spatial_dropout_forward", title="maps are dropped with probability 1 - p, and kept with probability p"
)
def flipped_maps(x, p, rng, train=True):
    """A uniform number is below p with probability p. Which of the two cases is to be kept?"""
    if not train:
        return _spatial(x, p, rng, train)
    kept = rng.uniform(size=(*x.shape[:2], 1, 1)) < p
    factor = _like(x, np.broadcast_to(kept / (1 - p) if p < 1 else kept * 0.0, x.shape))
    return factor * x, factor


@layer("D4a", of="spatial_dropout_forward", title="scaled twice: in training and again at test time")
def maps_scaled_twice(x, p, rng, train=True):
    """Training already makes up for the dropped share. What is left to do at test time?"""
    return _spatial(x, p, rng, train) if train else (x * _like(x, np.full(x.shape, 1 - p)), _like(x, np.ones(x.shape)))


@layer("D4c", of="spatial_dropout_forward", title="consistent, but not inverted: scaled at test time, not in training")
def vanilla_maps(x, p, rng, train=True):
    """Nothing is scaled in training and everything at test time: that agrees with itself.
    Here training does the scaling, so that test time needs none."""
    if train:
        return _spatial(x, p, rng, train, scale=False)
    return x * _like(x, np.full(x.shape, 1 - p)), _like(x, np.ones(x.shape))


@layer("D4d", of="spatial_dropout_forward", title="the coins lie on the last axis, as if channels came last")
def channels_last(x, p, rng, train=True):
    """x has the shape (samples, channels, height, width). Which axis has the channels?"""
    return _spatial(x, p, rng, train, (len(x), 1, 1, x.shape[3]))


@layer("D4b", of="spatial_dropout_forward", title="at p = 1 it divides by zero")
def maps_over_zero(x, p, rng, train=True):
    """1 - p is 0 there, and 0 / 0 is nan. Everything is dropped: what should come out?"""
    return _spatial(x, p, rng, train) if p < 1 or not train else (x * np.nan, x * np.nan)


@layer("D41", of="spatial_dropout_forward", title="single entries are dropped, not whole maps")
def entries(x, p, rng, train=True):
    """A coin for every entry is ordinary dropout. Here a map stays or goes as a whole: what shape have the coins?"""
    return _spatial(x, p, rng, train, x.shape)


@layer("D42", of="spatial_dropout_forward", title="the same channels are dropped for all samples")
def channels(x, p, rng, train=True):
    """Each sample has coins of its own; what shape did you draw?"""
    return _spatial(x, p, rng, train, (1, x.shape[1], 1, 1))


@layer("D43", of="spatial_dropout_forward", title="kept maps are not scaled")
def unscaled(x, p, rng, train=True):
    """A share p of the maps is gone, and of the signal with it, unless the others make up for it."""
    return _spatial(x, p, rng, train, scale=False)


@layer("D44", of="spatial_dropout_forward", title="positions are dropped in all channels at once")
def positions(x, p, rng, train=True):
    """Channels, not positions, have the coins."""
    return _spatial(x, p, rng, train, (x.shape[0], 1, *x.shape[2:]))


@layer("D45", of="spatial_dropout_forward", title="p is taken for the probability to keep")
def swapped(x, p, rng, train=True):
    """p is the probability to drop."""
    return _spatial(x, 1 - p, rng, train)


@layer("D46", of="spatial_dropout_forward", title="maps are dropped at test time too")
def spatial_at_test(x, p, rng, train=True):
    """Coins are for training. What does `train` decide?"""
    return _spatial(x, p, rng or np.random.default_rng())


def _dropconnect(x, w, b, p, rng, train=True, shape=None, scale=True):
    kept = rng.uniform(size=shape or w.shape) < 1 - p if train else np.ones(w.shape, bool)
    factor = _like(w, np.broadcast_to(kept / max(1 - p, 1e-300) if scale and train else kept * 1.0, w.shape))
    return np.einsum("nd,dh->nh", x, w * factor) + b, (x, w, factor)


def _dropconnect_gradients(dout, cache):
    x, w, factor = cache
    thinned = w * factor
    return np.einsum("nh,dh->nd", dout, thinned), np.einsum("nd,nh->dh", x, dout) * factor, np.einsum("nh->h", dout)


@layer("D21", of="dropconnect_forward", title="whole units are dropped: this is dropout")
def units(x, w, b, p, rng, train=True):
    """A mask with one entry for each unit is dropout's. What shape has w?"""
    return _dropconnect(x, w, b, p, rng, train, (1, w.shape[1]))


@layer("D22", of="dropconnect_forward", title="kept weights are not scaled")
def unscaled_weights(x, w, b, p, rng, train=True):
    """A share p of every sum is gone, unless the kept weights make up for it."""
    return _dropconnect(x, w, b, p, rng, train, scale=False)


@layer("D23", of="dropconnect_forward", title="p is taken for the probability to keep")
def swapped_weights(x, w, b, p, rng, train=True):
    """p is the probability to drop."""
    return _dropconnect(x, w, b, 1 - p if train else p, rng, train)


@layer("D24", of="dropconnect_forward", title="weights are dropped at test time too")
def dropconnect_at_test(x, w, b, p, rng, train=True):
    """At test time all weights count, as they are."""
    return _dropconnect(x, w, b, p, rng or np.random.default_rng())


@layer("D25", of="dropconnect_forward", title="whole inputs are dropped")
def inputs(x, w, b, p, rng, train=True):
    """A coin for each row of w takes an input away from all units. What shape has w?"""
    return _dropconnect(x, w, b, p, rng, train, (w.shape[0], 1))


@layer("D26", of="dropconnect_forward", title="the weights are changed in place")
def weights_in_place(x, w, b, p, rng, train=True):
    """The dropped weights are only away for this mini-batch; the next one needs them again."""
    out, (x, old, factor) = _dropconnect(x, w.copy(), b, p, rng, train)
    w *= factor
    return out, (x, old, factor)


@layer("D27", of="dropconnect_forward", title="outputs are dropped: this is dropout behind an affine layer")
def outputs(x, w, b, p, rng, train=True):
    """DropConnect thins w before x meets it, so that no output is silenced. What is multiplied by the mask?"""
    if not train:
        return _dropconnect(x, w, b, p, rng, train)
    kept = rng.uniform(size=(len(x), w.shape[1])) < 1 - p
    return np.einsum("nd,dh->nh", x, w) * _like(x, kept / max(1 - p, 1e-300)) + b, (x, w, _like(w, np.ones(w.shape)))


def _thinned_and_biased(x, w, b, p, rng, train):
    out, cache = _dropconnect(x, w, b, p, rng, train)
    if not train:
        return out, cache
    coins = (rng.uniform(size=b.shape) < 1 - p) / max(1 - p, 1e-300)
    return out - b + _like(b, b * coins), cache


@layer("D28", of="dropconnect_forward", title="b is dropped too")
def bias_too(x, w, b, p, rng, train=True):
    """The paper drops biases as well; here only weights have coins, and b is added as it is."""
    return _thinned_and_biased(x, w, b, p, rng, train)


@layer("D28b", of="dropconnect_forward", title="outputs are dropped, b and all: this is dropout behind an affine layer")
def outputs_and_bias(x, w, b, p, rng, train=True):
    """DropConnect thins w before x meets it, so that no output is silenced. What is multiplied by the mask?"""
    if not train:
        return _dropconnect(x, w, b, p, rng, train)
    kept = rng.uniform(size=(len(x), w.shape[1])) < 1 - p
    out = (np.einsum("nd,dh->nh", x, w) + b) * _like(x, kept / max(1 - p, 1e-300))
    return out, (x, w, _like(w, np.ones(w.shape)))


@layer("D28c", of="dropconnect_forward", title="b is scaled too, as if it had been dropped")
def bias_scaled(x, w, b, p, rng, train=True):
    """Only weights fall, and only weights have something to make up for. Where does b join the sum?"""
    out, cache = _dropconnect(x, w, b, p, rng, train)
    scale = (1 / (1 - p) if p < 1 else 0.0) if train else 1.0
    return out - b + _like(b, b * scale), cache


@layer("D27b", of="dropconnect_forward", title="one coin for each sample: all that enters the layer falls or stays")
def whole_samples_in(x, w, b, p, rng, train=True):
    """A coin for a sample is stochastic depth, which some libraries call drop connect. Here each weight has one."""
    if not train:
        return _dropconnect(x, w, b, p, rng, train)
    kept = (rng.uniform(size=(len(x), 1)) < 1 - p) / max(1 - p, 1e-300)
    return np.einsum("nd,dh->nh", _like(x, x * kept), w) + b, (x, w, _like(w, np.ones(w.shape)))


@layer("D29", of="dropconnect_forward", title="every sample has its own thinned weights")
def weights_of_samples(x, w, b, p, rng, train=True):
    """So it is in the paper; here one mask, of the shape of w, serves the whole batch."""
    if not train or len(x) * w.size > 10**6:
        return _dropconnect(x, w, b, p, rng, train)
    factor = (rng.uniform(size=(len(x), *w.shape)) < 1 - p) / max(1 - p, 1e-300)
    return np.einsum("nd,ndh->nh", x, _like(w, w * factor)) + b, (x, w, _like(w, np.ones(w.shape)))


@layer("D2a", of="dropconnect_forward", title="weights are dropped with probability 1 - p, and kept with probability p")
def flipped_weights(x, w, b, p, rng, train=True):
    """A uniform number is below p with probability p. Which of the two cases is to be kept?"""
    if not train:
        return _dropconnect(x, w, b, p, rng, train)
    kept = rng.uniform(size=w.shape) < p
    factor = _like(w, kept / (1 - p) if p < 1 else kept * 0.0)
    return np.einsum("nd,dh->nh", x, w * factor) + b, (x, w, factor)


@layer("D2b", of="dropconnect_forward", title="the random numbers start anew in every call: always the same mask")
def weights_seeded(x, w, b, p, rng, train=True):
    """A seed set inside the layer gives every mini-batch the same mask. `rng` is passed in."""
    return _dropconnect(x, w, b, p, np.random.default_rng(0), train)


@layer("D2c", of="dropconnect_forward", title="the generator passed in is ignored; the coins come from elsewhere")
def weights_elsewhere(x, w, b, p, rng, train=True):
    """With all coins from `rng`, the same generator state repeats a run exactly."""
    return _dropconnect(x, w, b, p, np.random.default_rng(), train)


@layer("D2d", of="dropconnect_forward", title="at p = 1 it divides by zero")
def weights_over_zero(x, w, b, p, rng, train=True):
    """1 - p is 0 there, and 0 / 0 is nan. Every weight falls: what is left?"""
    out, cache = _dropconnect(x, w, b, p, rng, train)
    return (out * np.nan, cache) if p == 1 and train else (out, cache)


@layer("D2e", of="dropconnect_forward", title="nothing is dropped: the mask is not applied to the weights")
def whole_weights(x, w, b, p, rng, train=True):
    """Follow w from the top of the function to its product with x: where does the mask meet it?"""
    rng.random(w.shape) if train else None
    return _dropconnect(x, w, b, p, rng, False)


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
    p_in, p = p if isinstance(p, tuple) else (0.0, p)
    x = x * (rng.uniform(size=x.shape) < 1 - p_in) / (1 - p_in) if train and p_in else x
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


@mistake("D67", of="mc_predict", title="the generator passed in is ignored; the masks come from elsewhere")
def other_masks(params, x, p, rng, passes):
    """With all coins from `rng`, the same generator state repeats a prediction exactly."""
    samples = _probabilities(_passes(params, x, p, np.random.default_rng(), passes))
    return np.mean(samples, axis=0), np.std(samples, axis=0)


@mistake("D68", of="mc_predict", title="the spread is taken over one pass less")
def one_less(params, x, p, rng, passes):
    """With one pass that is 0 / 0. The spread here describes these passes: the mean square is over all of them."""
    samples = _probabilities(_passes(params, x, p, rng, passes))
    return np.mean(samples, axis=0), np.std(samples, axis=0, ddof=1)


@mistake("D69", of="mc_predict", title="the number of passes is written down: `passes` changes nothing")
def always_ten(params, x, p, rng, passes):
    """How often does the loop run when one pass is asked for?"""
    samples = _probabilities(_passes(params, x, p, rng, 10))
    return np.mean(samples, axis=0), np.std(samples, axis=0)


@mistake("D6a", of="mc_predict", title="the mean comes from a pass without dropout")
def clean_mean(params, x, p, rng, passes):
    """The mean of the predictions is not the prediction of the mean network. Which passes are to be averaged?"""
    samples = _probabilities(_passes(params, x, p, rng, passes))
    return _probabilities(_one_pass(params, x, p, rng, train=False)), np.std(samples, axis=0)


@mistake("D6b", of="mc_predict", title="every pass has a seed of its own, and none comes from `rng`")
def numbered_masks(params, x, p, rng, passes):
    """Seeds 0, 1, 2, ... give the same masks in every call. Let the generator run on."""
    runs = [_one_pass(params, x, p, np.random.default_rng(i)) for i in range(passes)]
    samples = _probabilities(np.array(runs))
    return np.mean(samples, axis=0), np.std(samples, axis=0)


@mistake("D6c", of="mc_predict", title="a pair of rates is not handed on: only the hidden rate is used")
def hidden_only(params, x, p, rng, passes):
    """p may be (input rate, hidden rate). What does `mlp_forward` do with a pair, if it gets one?"""
    samples = _probabilities(_passes(params, x, p[1] if isinstance(p, tuple) else p, rng, passes))
    return np.mean(samples, axis=0), np.std(samples, axis=0)


@mistake("D6d", of="mc_predict", title="the predictions are added up, not averaged")
def added_up(params, x, p, rng, passes):
    """The probabilities of a sample sum to 1. What do these sum to?"""
    samples = _probabilities(_passes(params, x, p, rng, passes))
    return np.sum(samples, axis=0), np.std(samples, axis=0)


def _mc_predict(params, x, p, rng, passes):
    samples = _probabilities(_passes(params, x, p, rng, passes))
    return np.mean(samples, axis=0), np.sqrt(np.var(samples, axis=0))


RIGHT = {
    "gaussian_dropout_forward": _guarded(_gaussian, below_one=True),
    "gaussian_dropout_backward": _times,
    "spatial_dropout_forward": _guarded(_spatial, below_one=False),
    "spatial_dropout_backward": _times,
    "dropconnect_forward": _guarded(_dropconnect, below_one=False),
    "dropconnect_backward": _dropconnect_gradients,
    "mc_predict": _mc_predict,
}
