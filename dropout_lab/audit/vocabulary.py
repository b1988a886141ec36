"""What the names of parameters, attributes and methods say: which number is the rate, which flag is the mode."""

import re

FORWARD = (
    "forward __call__ call forward_propagation forward_propagate forward_pass forward_prop feedforward feed_forward"
    " fprop forward_step propagate apply fwd run compute transform activate process op classify dropout"
    " foward feed update_output updateOutput passForward"
).split()
BACKWARD = (
    "backward backward_propagation backward_propagate backward_pass backprop back_propagate backpropagate"
    " backpropagation back_propagation back_prop bprop backward_prop backward_step grad gradient gradients"
    " compute_gradient get_d_inputs calc_gradient derivative bwd back learn"
    " update_grad updateGradInput update_grad_input"
).split()
AT_TEST = (
    "predict inference infer forward_test test_forward forward_inference forward_eval forward_predict eval_forward"
    " test inference_forward forward_testing apply_test test_time"
).split()
IN_TRAINING = ("forward_train", "train_forward", "forward_training", "apply_train")
OUTPUT = "output outputs out a y activation activations result output_value layer_output out_act z".split()
INPUT_GRADIENT = "dinputs dinput dx grad_input input_grad d_input input_gradient dX gradient grad din delta".split()

_KEEP = re.compile(r"keep|retain|retention|surviv|enabled|alive|p_?on$|stay")
_DROP = re.compile(r"(^|_)p?_?drop|dropout|zero(ing)?_?p|disabl")
_NEUTRAL = re.compile(
    r"^(p|q|pr|prob|probs|probab\w*|p_?value|rate|ratio|frac|fraction|threshold|thresh|percent\w*|pct|perc|level|pi)$"
    r"|_(prob|probability|rate|ratio|frac|fraction)$"
)
_NOT_A_RATE = re.compile(
    r"mask|type|shape|size|dim|layer|param|config|conf|opt|name|seed|kernel|axis|fn|func|mode|train|learn|rng|key"
)
_TRAINING = re.compile(
    r"train|learning|learn(?!ing_rate)|use_?drop|apply_?drop|dropout_on|is_drop|^(active|enabled|on)$"
)
_TESTING = re.compile(r"test|predict|infer|eval|determin|valid")
_EITHER = re.compile(r"(^|_)(mode|phase|stage|state|flag|status|run_?type)$")
_ROLES = (  # the first that fits decides
    ("seed", re.compile(r"seed")),
    ("key", re.compile(r"^(key|rng_?key|prng_?key|prng|dropout_key|k)$")),
    (
        "generator",
        re.compile(r"^(np_?)?(rng|rngs|random_?state|randomstate|generator|gen|random|rand|rnd)(_?gen\w*)?$"),
    ),
    ("learning rate", re.compile(r"^(lr|learning_?rate|eta|lambd?a?_?|step_?size|optimi[sz]er|opt|reg)$")),
    ("cache", re.compile(r"cache|mask|ctx|context|saved|meta")),
    ("name", re.compile(r"name|label|title|^id$")),
    ("inner", re.compile(r"wrapped|inner|base_?layer|sub_?layer|^layer$|^module$|^branch$")),
    (
        "size",
        re.compile(r"shape|size|dims?$|units|neurons|nodes|^n_?in|^n_?out|inputs?_?len|width|n_?features|num_inputs"),
    ),
    ("dictionary", re.compile(r"param|config|conf$|^opts?$|options|settings|hyper|args$")),
    ("gradient", re.compile(r"grad|^d_?[a-z]+$|^d[A-Z_]|delta|err|upstream|diff|^dl|loss|eta$", re.IGNORECASE)),
)


def rate(name):
    """ "keep", "drop" or "rate" (either) if a name is that of dropout's number, else None."""
    low = _plain(name)
    if _KEEP.search(low) and not _NOT_A_RATE.search(low):
        return "keep"
    if _NOT_A_RATE.search(low):
        return None
    if _DROP.search(low):
        return "drop"
    return "rate" if _NEUTRAL.search(low) else None


def mode(name):
    """ "training" or "testing", whichever a true value means, "either" for a name that leaves it open, else None."""
    low = _plain(name)
    if re.search(r"trained|_rate$|_step|estimate|latest|retrain", low):
        return None
    if _EITHER.search(low) and not re.search(r"random|rng", low):
        if low.startswith(("train", "is_train", "learn")):
            return "training"
        return "testing" if _TESTING.search(low) else "either"
    if _TESTING.search(low):
        return "testing"
    return "training" if _TRAINING.search(low) else None


def role(name):
    """What else a parameter may be: "seed", "generator", "cache" ...; None if its name says nothing."""
    low = _plain(name)
    return next((kind for kind, pattern in _ROLES if pattern.search(low)), None)


def _plain(name):
    """self.__keepProb is keep_prob."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).strip("_").lower()


_NUMBER = r"(prob\w*|rate|ratio|fraction|percent\w*)"
_KEEPS = r"(keep|kept|retain|surviv|stay|remain|not (be(ing)? )?(dropp|zero)|activ(e|ated)\b)"
_DROPS = r"(drop(?!out)\w*|zero|omit|disab|deactiv|discard|turn(ed|ing)? off|switch(ed|ing)? off|dropping)"
_SAYS_KEEP = re.compile(rf"{_KEEPS}[^.\n]{{0,60}}\b{_NUMBER}|{_NUMBER}( \w+)?[^.\n]{{0,40}}{_KEEPS}", re.IGNORECASE)
_SAYS_DROP = re.compile(rf"{_DROPS}[^.\n]{{0,60}}\b{_NUMBER}|{_NUMBER}( \w+)?[^.\n]{{0,40}}{_DROPS}", re.IGNORECASE)


def text_says(text):
    """ "keep" or "drop" if a text, such as a docstring, explains the number in one of the two ways, else None."""
    keep, drop = bool(_SAYS_KEEP.search(text)), bool(_SAYS_DROP.search(text))
    return None if keep == drop else "keep" if keep else "drop"
