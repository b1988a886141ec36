"""Three hints for each exercise, each a step nearer; the line itself is in none of them."""

from textwrap import fill

from dropout_lab.checks.exercises import find
from dropout_lab.system.screen import COLUMNS


def hint_line(name, step):
    """Hint 1, 2 or 3 for an exercise, in one line."""
    return f"Hint {step} of 3 for `{find(name).name}`: {HINTS[name][step - 1]}"


def hint_text(name, step, width=COLUMNS):
    """The same, as wide as a screen."""
    return fill(hint_line(name, step), width)


HINTS = {
    "affine_forward": (
        "Take one sample and one unit. Its output is a sum over the D inputs, plus one number. Which numbers of w "
        "enter?",
        "Written for the whole batch, that sum over D is one product of matrices. Put the shapes next to each "
        "other: (N, D), (D, H) and the (N, H) that should come out.",
        "b has shape (H,) and is added to every row; broadcasting lines it up. Into the cache goes what the "
        "derivatives will need: with respect to w the rate of change is x, and with respect to x it is w.",
    ),
    "affine_backward": (
        "Take single numbers first: out = x w + b. If out moves the loss at the rate dout, at what rate do x, w "
        "and b move it?",
        "For a batch, each gradient has the shape of what it belongs to. dx is (N, D), from dout (N, H) and w (D, "
        "H): H has to be summed away. dw is (D, H), from x (N, D) and dout (N, H): now N goes.",
        "A product of matrices sums over the axes that meet in the middle, and a transpose decides which two "
        "meet. b has no factor: it is added to every sample, so its gradient is a sum over them.",
    ),
    "numerical_gradient": (
        "For one entry: ask f a little above x and a little below. The slope is the difference, divided by the "
        "distance between the two points.",
        "`np.ndindex(x.shape)` goes through the indices of an array of any shape. Each entry is nudged alone, all "
        "others held where they are.",
        "Make an array of zeros like x, put h at one index, and you have a step that can be added to x and "
        "subtracted from it without touching x. How far apart are the two points then?",
    ),
    "relative_error": (
        "How long is the difference, compared with how long the two arrays are? A length here is the root of the "
        "sum of all squares.",
        "`np.linalg.norm` without a second argument gives that length, for an array of any shape. You need it "
        "three times.",
        "Two gradients that are both 0 agree, yet 0/0 is nan. Only a sum of lengths that is exactly 0 is this "
        "case. Test for it, and see that a nan does not end up there too.",
    ),
    "gradient_check": (
        "`numerical_gradient` wants a function of one array. f is a function of the whole dictionary. For each "
        "name, build the one from the other.",
        "The function that you build takes a nudged array and calls f with all of params, but with that array "
        "under its name. A dictionary made anew leaves params alone.",
        "`{**params, name: nudged}` is params with one entry replaced. What is left is the numerical gradient at "
        "that array with the h that was passed in, and `relative_error` against the gradient of the same name.",
    ),
    "relu_forward": (
        "Where an entry is positive it passes; everywhere else there is a 0.",
        "NumPy has a function that compares two arrays entry by entry and keeps the larger of each pair. One of "
        "the two may be a single number.",
        "`np.max` looks through one array, `np.maximum` compares two. For the way back, keep what tells you which "
        "entries passed.",
    ),
    "relu_backward": (
        "Nudge an input that is positive: by how much does the output move? And one that is negative?",
        "The slope is 1 or 0, and what decides is the x of the forward pass. The chain rule multiplies it by dout.",
        "A comparison of arrays gives True and False, and in a product these count as 1 and 0. At x = 0 exactly "
        "the slope should be 0: which comparison is that?",
    ),
    "softmax_cross_entropy": (
        "The loss of a sample is log(sum over classes of exp(score)) minus the score of the right class. The same "
        "number added to all scores of a sample changes nothing: choose it so that exp cannot overflow.",
        "Subtract each row's maximum, keeping the axis, so that (N, 1) lines up with (N, C). What is left minus "
        "the log of the sum of its exp is the log of the probability. `a[np.arange(n), y]` picks one entry of "
        "each row.",
        "Differentiate the formula of the first hint: the first part gives the probabilities, the second takes 1 "
        "away at the right class. The loss is a mean, so something else stands in every gradient. Work on an "
        "array that nothing else needs any more.",
    ),
    "init_params": (
        "A unit sums over its inputs. The more there are, the smaller each weight has to be for the sum to keep "
        "its size.",
        "Neighbours in `sizes` make a layer: the first with the second, the second with the third. `zip` of the "
        "list with itself, shifted by one, gives the pairs, and `enumerate` can count from 1.",
        "`rng.standard_normal(shape)` has the standard deviation 1. Times s it has s, and the variance s squared. "
        "Here the variance should be 2 over the number of inputs.",
    ),
    "mlp_forward": (
        "Half of the entries of params are weights: that is the number of layers. All but the last are followed "
        "by ReLU.",
        "Carry one array from layer to layer. Each layer takes it, with its own W and b, and what comes out of "
        "the ReLU is what the next one takes.",
        'f"W{i}" is the name of layer i. Keep both caches of each layer in a list, in the order in which they '
        "arise; the backward pass will read it from the end. The last layer stands apart, after the loop.",
    ),
    "mlp_backward": (
        "Draw the forward pass as a chain of boxes. Backward goes through the same boxes from right to left, each "
        "with its own backward function and its own cache.",
        "The last affine layer comes first: it gives dW and db of the last layer, and a gradient for what entered "
        "it. That is the dout of the ReLU before.",
        "In the loop, i runs from the last hidden layer down to 1: first through the ReLU, then through the "
        "affine layer, which again gives three things. Two are gradients with a name, the third goes on.",
    ),
    "loss_and_grads": (
        "You have the three parts already: the way forward, the loss, the way back.",
        "Each part gives what the next needs: params and x give scores; scores and y give the loss and dscores; "
        "what do dscores and the cache give?",
        "Of the two values of each forward part, one is used at once and one later. Pass p, rng and train on to "
        "the forward pass, as they came.",
    ),
    "sgd_momentum": (
        "The velocity is what the parameters moved by last time. It fades by the factor momentum, and takes in "
        "the new gradient, downhill.",
        "Two dictionaries are to be made anew, with the names of params: first the velocity, then the parameters "
        "moved by it. A dictionary comprehension makes one in a line.",
        "Before the first step velocity is empty. `velocity.get(name, 0)` gives 0 for a name that is not in it "
        "yet. `a + b` makes a new array, `a += b` changes the one that is there.",
    ),
    "zeroing_forward": (
        "Two cases, and `train` tells them apart. In training every entry gets a coin of its own; at test time "
        "there are no coins.",
        "`rng.random(shape)` gives numbers spread evenly from 0 to 1. How many of them lie below p? A comparison "
        "gives an array of True and False, which multiply as 1 and 0.",
        "In training the next layer gets a share 1 - p of the signal. At test time nothing is missing, so the "
        "whole array has to be shrunk to match. Put whatever x was multiplied by into the cache.",
    ),
    "zeroing_backward": (
        "Take one entry that was dropped. Nudge its input: does the output move? Then one that was kept.",
        "Forward was out = x * m, entry by entry, with m fixed. What is the derivative of out with respect to x?",
        "What forward multiplied by is in the cache, for training and for test time alike. The upstream gradient "
        "meets it entry by entry.",
    ),
    "dropout_forward": (
        "Start from `zeroing_forward`. The factor that it needs at test time moves into training: what was a "
        "product becomes a quotient.",
        "If each entry is kept with probability 1 - p, what must the kept ones be multiplied by so that the mean "
        "of the mask is 1? At test time nothing is left to do.",
        "Three edges. At p = 1 that factor would be a division by zero, but nothing is kept, so any finite number "
        "will do. A mask of float64 turns float32 into float64. And backward has to know when nothing was done.",
    ),
    "dropout_backward": (
        "Forward multiplied by a scaled mask, entry by entry. The chain rule asks for the whole of it, zeros and "
        "scale.",
        "No new coins: they would belong to another forward pass. What forward used is in the cache.",
        "After a pass with train=False the cache says that nothing was done. What is the derivative of out = x?",
    ),
    "mlp_dropout": (
        "Three places to think of: the inputs, the output of each hidden layer, the scores. `rates(p)` gives a "
        "rate for the first two; the third is never dropped.",
        "Dropout comes after the activation, and its output is what the next layer gets. Hand `rng` and `train` "
        "on as they came in, to every layer, so that each draws coins of its own.",
        "Each dropout layer has a cache. Keep it with the caches of its affine and ReLU layers; in `mlp_backward` "
        "the three come back in reverse order, dropout first.",
    ),
    "gaussian_dropout_forward": (
        "Which mean must a factor have, so that it leaves the average output alone? Which variance did the factor "
        "of dropout have (lesson 06)?",
        "The factors are normal with mean 1 and variance p / (1 - p). NumPy's generators ask for the standard "
        "deviation.",
        "Draw an array of the shape of x, bring it to x's dtype, multiply, and put it in the cache. At test time "
        "nothing is drawn.",
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
        "dx goes back through the weights that were used. dw starts as in an affine layer, and then passes through "
        "one more multiplication.",
        "The gradient of w is that of the thinned weights times the mask, scale included. b knows nothing of all this.",
    ),
    "spatial_dropout_forward": (
        "How many coins does a batch of shape (N, C, height, width) need, if a map falls or stays as a whole?",
        "Draw an array with one entry for each sample and channel, and let broadcasting spread it over the map.",
        "Lengths of 1 in the last two places make NumPy repeat a coin over a map. Scale as in inverted dropout; "
        "mind p = 1.",
    ),
    "spatial_dropout_backward": (
        "The same question as for every dropout: by what did forward multiply?",
        "One coin served a whole map forward. Backward it serves the whole map again.",
        "The cache holds the coins; broadcasting spreads them over dout as it did over x.",
    ),
    "mc_predict": (
        "One pass with dropout on is one prediction of one thinned network. How do you get many?",
        "Run `mlp_forward` in training mode, turn its scores into probabilities with `softmax`, and do this `passes` "
        "times with the generator running on.",
        "Stack the predictions along a new first axis; mean and standard deviation over that axis are the answer.",
    ),
    "max_norm": (
        "Column j of w is what enters unit j. You need the length of each column: one number for each of the H units.",
        "Each column is multiplied by a factor: 1 if it is short enough, and limit / length if it is not. H "
        "factors times a (D, H) array go together by broadcasting.",
        "Both cases in one: the smaller of 1 and limit / length. A column of zeros has the length 0. What could "
        "you divide by instead, that is never 0 and gives the same factor?",
    ),
}
