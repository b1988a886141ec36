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
        "",
        "",
        "",
    ),
    "gaussian_dropout_backward": (
        "",
        "",
        "",
    ),
    "dropconnect_forward": (
        "",
        "",
        "",
    ),
    "dropconnect_backward": (
        "",
        "",
        "",
    ),
    "spatial_dropout_forward": (
        "",
        "",
        "",
    ),
    "spatial_dropout_backward": (
        "",
        "",
        "",
    ),
    "mc_predict": (
        "",
        "",
        "",
    ),
    "max_norm": (
        "",
        "",
        "",
    ),
}
