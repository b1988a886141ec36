"""Three hints for each exercise, each a step nearer; the line itself is in none of them."""

from dropout_lab.checks.exercises import find


def hint_text(name, step):
    """Hint 1, 2 or 3 for an exercise, as shown to a student."""
    return f"Hint {step} of 3 for `{find(name).name}`: {HINTS[name][step - 1]}"


HINTS = {
    "affine_forward": (
        "",
        "",
        "",
    ),
    "affine_backward": (
        "",
        "",
        "",
    ),
    "numerical_gradient": (
        "",
        "",
        "",
    ),
    "relative_error": (
        "",
        "",
        "",
    ),
    "gradient_check": (
        "",
        "",
        "",
    ),
    "relu_forward": (
        "",
        "",
        "",
    ),
    "relu_backward": (
        "",
        "",
        "",
    ),
    "softmax_cross_entropy": (
        "",
        "",
        "",
    ),
    "init_params": (
        "",
        "",
        "",
    ),
    "mlp_forward": (
        "",
        "",
        "",
    ),
    "mlp_backward": (
        "",
        "",
        "",
    ),
    "loss_and_grads": (
        "",
        "",
        "",
    ),
    "sgd_momentum": (
        "",
        "",
        "",
    ),
    "zeroing_forward": (
        "",
        "",
        "",
    ),
    "zeroing_backward": (
        "",
        "",
        "",
    ),
    "dropout_forward": (
        "",
        "",
        "",
    ),
    "dropout_backward": (
        "",
        "",
        "",
    ),
    "mlp_dropout": (
        "",
        "",
        "",
    ),
    "gaussian_dropout_forward": (
        "Which mean must a factor have, so that it leaves the average output alone? Which variance did the factor of dropout have (lesson 06)?",
        "The factors are normal with mean 1 and variance p / (1 - p). NumPy's generators ask for the standard deviation.",
        "Draw an array of the shape of x, bring it to x's dtype, multiply, and put it in the cache. At test time nothing is drawn.",
    ),
    "gaussian_dropout_backward": (
        "Forward multiplied by something. Which something, and where is it now?",
        "The chain rule does not care that the factor was random, or that it is not 0: it is a factor.",
        "Multiply dout by the noise of that forward pass. At test time the noise was 1.",
    ),
    "dropconnect_forward": (
        "What has the coins here: a unit, a sample, or a weight? The mask has the shape of that.",
        "Thin w, scale what is left so that its mean is w, and then run an affine layer with it. b stays out of it.",
        "Backward will ask for x, for the thinned weights and for the mask: put all three in the cache.",
    ),
    "dropconnect_backward": (
        "It is an affine layer with other weights: which weights did x meet?",
        "dx goes back through the weights that were used. dw starts as in an affine layer, and then passes through one more multiplication.",
        "The gradient of w is that of the thinned weights times the mask, scale included. b knows nothing of all this.",
    ),
    "spatial_dropout_forward": (
        "How many coins does a batch of shape (N, C, height, width) need, if a map falls or stays as a whole?",
        "Draw an array with one entry for each sample and channel, and let broadcasting spread it over the map.",
        "Lengths of 1 in the last two places make NumPy repeat a coin over a map. Scale as in inverted dropout; mind p = 1.",
    ),
    "spatial_dropout_backward": (
        "The same question as for every dropout: by what did forward multiply?",
        "One coin served a whole map forward. Backward it serves the whole map again.",
        "The cache holds the coins; broadcasting spreads them over dout as it did over x.",
    ),
    "mc_predict": (
        "One pass with dropout on is one prediction of one thinned network. How do you get many?",
        "Run `mlp_forward` in training mode, turn its scores into probabilities with `softmax`, and do this `passes` times with the generator running on.",
        "Stack the predictions along a new first axis; mean and standard deviation over that axis are the answer.",
    ),
    "max_norm": (
        "",
        "",
        "",
    ),
}
