"""Rows of tables 2 and 9 of Srivastava et al. 2014, on MNIST, in NumPy: `dropout-lab paper`.

Each run is one configuration and one seed. After every epoch it writes a checkpoint, from which it goes on when it is
started again, and its result so far. The settings were chosen in short runs that held out the last 10,000 training
images (validation.json), the number of epochs by the time that there was; the test images only measure.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from dropout_lab.lab import data as datasets
from dropout_lab.lab.experiments.paired import paired_difference
from dropout_lab.lab.fast.in_numpy import MLP
from dropout_lab.lab.fast.step_choice import measure
from dropout_lab.lab.progress import bar
from dropout_lab.system.files import write_atomically, writing
from dropout_lab.system.machine import cores, machine

RESULTS = Path(__file__).parent / "results"  # the committed runs
SEARCH = RESULTS.parent / "validation.json"
VALIDATION = 10_000  # of the training images, the last


@dataclass(frozen=True)
class Setting:
    """Everything that decides a run, beside the seed and the images."""

    p: tuple = (0.0, 0.0)  # probability to DROP an input, a hidden unit
    limit: float | None = None  # max-norm: the longest that the weights into a hidden unit may be
    lr: float = 0.05  # falls in a straight line, step by step, to 0 at the end
    momentum: float = 0.95  # reached in a straight line, epoch by epoch, from 0.5
    rising: int = 5  # epochs until then
    epochs: int = 100
    batch: int = 128
    hidden: tuple = (1024, 1024)


CONFIGS = {
    "plain": Setting(lr=0.1, epochs=25),
    "dropout": Setting(p=(0.2, 0.5)),
    "max-norm": Setting(p=(0.2, 0.5), limit=1.0),
}
TITLES = {"plain": "no dropout", "dropout": "dropout", "max-norm": "dropout, max-norm"}
PAPER = {"plain": 1.60, "dropout": 1.25, "max-norm": 1.06}  # per cent: the nearest rows of table 2


def run(config, seed, out, data, epochs=None, network=MLP, validate=False):
    """Train one network, from its last checkpoint if there is one.

    Parameters
    ----------
    config : str
        One of CONFIGS.
    seed : int
        For the initial weights, the order of the images and the masks, a generator for each.
    out : Path
        A folder for the checkpoint and the result, {config}-{seed}.npz and .json.
    data : Split
    epochs : int or None
        Instead of the setting's number.
    network : MLP, or YourMLP for the functions in dropout_lab/
    validate : bool
        Hold out the last training images instead of the test images.

    Returns
    -------
    record : dict, what the JSON file holds

    Raises
    ------
    ValueError
        If the folder holds a run of that name with other settings.
    """
    setting = replace(CONFIGS[config], epochs=epochs or CONFIGS[config].epochs)
    x, y, held_x, held_y = _parts(data, validate)
    net = network(initial([x.shape[1], *setting.hidden, data.sizes[1]], seed), setting.p, seed)
    record = {
        "config": config,
        "seed": seed,
        "setting": json.loads(json.dumps(asdict(setting))),
        "held_out": "validation" if validate else "test",
        "code": network.__name__,
        "images": [len(x), len(held_x)],
        "machine": machine("numpy"),
        "curve": [],
    }
    file = Path(out) / f"{config}-{seed}"
    file.parent.mkdir(parents=True, exist_ok=True)
    _resume(file, record, net)
    first = len(record["curve"])
    with bar(f"{config}, seed {seed}", setting.epochs, "epoch") as advance:
        advance(first)
        for epoch in range(first, setting.epochs):
            start = time.perf_counter()
            train_loss = _epoch(net, x, y, setting, seed, epoch)
            held_loss, errors = measure(net.scores, held_x, held_y)
            seconds = round(time.perf_counter() - start, 2)
            record["curve"].append(
                {
                    "epoch": epoch + 1,
                    "train_loss": round(train_loss, 5),
                    "errors": errors,
                    "held_loss": round(held_loss, 5),
                    "seconds": seconds,
                }
            )
            _keep(file, record, net)
            advance(1, f"{100 * errors / len(held_x):.2f}% wrong")
    return record


def initial(sizes, seed):
    """Weights N(0, 2 / fan-in), biases 0."""
    rng, params = np.random.default_rng([seed, 0]), {}
    for i, (width, following) in enumerate(itertools.pairwise(sizes), start=1):
        params |= {f"W{i}": rng.normal(0, (2 / width) ** 0.5, (width, following)), f"b{i}": np.zeros(following)}
    return params


def _parts(data, validate):
    """Images and labels to train on, images and labels to measure on."""
    if not validate:
        return data.x_train, data.y_train, data.x_test, data.y_test
    cut = len(data.x_train) - min(VALIDATION, len(data.x_train) // 2)
    return data.x_train[:cut], data.y_train[:cut], data.x_train[cut:], data.y_train[cut:]


def _epoch(net, x, y, setting, seed, epoch):
    """All images once, in an order that the seed and the epoch decide. Returns the mean loss."""
    order = np.random.default_rng([seed, 1, epoch]).permutation(len(x))
    steps, total = -(-len(x) // setting.batch), 0.0
    momentum = setting.momentum - (setting.momentum - 0.5) * max(0, 1 - epoch / setting.rising)
    for step in range(steps):
        rows = order[step * setting.batch : (step + 1) * setting.batch]
        lr = setting.lr * (1 - (epoch + step / steps) / setting.epochs)
        total += net.step(x[rows], y[rows], lr, momentum, setting.limit) * len(rows)
    return total / len(x)


# ---- checkpoints and results ----


def _keep(file, record, net):
    """Checkpoint, then result, each whole or not at all."""
    arrays = {f"{kind} {name}": array for kind in ("params", "velocity") for name, array in getattr(net, kind).items()}
    state = json.dumps({"record": record, "coins": net.bits.state})
    with writing(file.with_name(f"{file.name}.npz")) as stream:
        np.savez(stream, state=np.array(state), **arrays)
    write_atomically(file.with_name(f"{file.name}.json"), json.dumps(record, indent=1) + "\n")


def _resume(file, record, net):
    """Put net and record to where the checkpoint is, if there is one."""
    checkpoint = file.with_name(f"{file.name}.npz")
    if not checkpoint.exists():
        return
    with np.load(checkpoint) as stored:
        state = json.loads(str(stored["state"]))
        for same in ("setting", "held_out", "code", "images"):
            if state["record"][same] != record[same]:
                raise ValueError(
                    f"{checkpoint} is a run with another {same.replace('_', ' ')}: {state['record'][same]}"
                    f" there, {record[same]} here. Choose another --out, or delete it."
                )
        record["curve"] = state["record"]["curve"]
        net.bits.state = state["coins"]
        for kind in ("params", "velocity"):
            arrays = {name.split()[1]: stored[name] for name in stored.files if name.startswith(kind)}
            getattr(net, kind).update(arrays)


def load(folder=RESULTS):
    """The records in a folder, by configuration and seed."""
    records = [json.loads(file.read_text("utf-8")) for file in Path(folder).glob("*.json")]
    return sorted(records, key=lambda r: (list(CONFIGS).index(r["config"]), r["seed"]))


def search():
    """The short runs by which the settings were chosen, on validation images."""
    return json.loads(SEARCH.read_text("utf-8"))["runs"]


def kind(setting):
    """Of which of CONFIGS a setting is, whatever its numbers."""
    return "max-norm" if setting["limit"] else "dropout" if any(setting["p"]) else "plain"


def error(record):
    """Per cent wrong after the last epoch."""
    return 100 * record["curve"][-1]["errors"] / record["images"][1]


def days(records, hidden, updates):
    """What that many updates of wider layers would take where the records were made: in words, from seconds per weight.

    An update costs about as many operations for each weight, whatever the widths.
    """
    spent = [
        row["seconds"] / _updates(record) / weights(record["setting"]["hidden"])
        for record in records
        for row in record["curve"]
    ]
    if not spent:
        return "unknown, since no full run is here to take the time from"
    return f"about {float(np.median(spent)) * weights(hidden) * updates / 86_400:.2g}"


def weights(hidden, inputs=784, classes=10):
    """How many weights a network has, without its biases."""
    return sum(a * b for a, b in itertools.pairwise((inputs, *hidden, classes)))


def _updates(record):
    """Of one epoch."""
    return -(-record["images"][0] // record["setting"]["batch"])


def table(records):
    """Mean error of each configuration and its standard error over seeds; how far below no dropout, paired by seed,
    with the 95% interval; and the paper's.
    """
    lines, plain = [f"{'':18}  seeds  epochs  error %  std. error  below no dropout, 95%     the paper's"], {}
    for config in CONFIGS:
        own = [record for record in records if record["config"] == config and record["curve"]]
        if not own:
            continue
        errors, epochs = np.array([error(r) for r in own]), sorted({len(r["curve"]) for r in own})
        spread = errors.std(ddof=1) / len(errors) ** 0.5 if len(errors) > 1 else float("nan")
        by_seed = {r["seed"]: error(r) for r in own}
        plain = by_seed if config == "plain" else plain
        pairs, below = sorted(plain.keys() & by_seed.keys()), ""
        if config != "plain" and len(pairs) > 1:
            d = paired_difference([plain[s] for s in pairs], [by_seed[s] for s in pairs])
            below = f"{d.mean:+.3f} ({d.low:+.3f} to {d.high:+.3f})"
        lines.append(
            f"{TITLES[config]:18}  {len(own):5}  {'-'.join(map(str, epochs[:: max(1, len(epochs) - 1)])):>6}"
            f"  {errors.mean():7.3f}  {spread:10.3f}  {below:24}  {PAPER[config]:11.2f}"
        )
    return "\n".join(lines)


# ---- the command ----


def main(arguments=None):
    """`dropout-lab paper`."""
    options = _options(arguments)
    tasks = [(config, seed) for config in options.config or CONFIGS for seed in options.seeds]
    try:
        if min(options.processes, len(tasks)) == 1:
            data, network = datasets.mnist(), _network(options.yours)
            for config, seed in tasks:
                run(config, seed, options.out, data, options.epochs, network, options.validate)
        else:
            _side_by_side(tasks, options)
    except (datasets.MnistUnavailable, ValueError) as problem:
        sys.exit(f"dropout-lab: {problem}")
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from the last whole epoch of each run.")
    print(table(load(options.out)))


def _options(arguments):
    parser = argparse.ArgumentParser(
        "dropout-lab paper",
        description=__doc__.split("\n\n")[0] + " Hours on two cores;"
        " stop it at any time, and the same command goes on.",
    )
    parser.add_argument("--config", action="append", choices=list(CONFIGS), help="may be repeated; default: all")
    parser.add_argument(
        "--seeds",
        default="0,1,2",
        type=lambda text: [int(seed) for seed in text.split(",")],
        help="separated by commas; default: 0,1,2",
    )
    parser.add_argument("--epochs", type=int, help="instead of the setting's own number")
    parser.add_argument("--out", type=Path, default=Path("mnist-runs"), help="folder for checkpoints and results")
    parser.add_argument("--processes", type=int, default=cores(), help="runs side by side; default: one on each core")
    parser.add_argument("--yours", action="store_true", help="on the functions in dropout_lab/: same results, slower")
    parser.add_argument("--validate", action="store_true", help="hold out the last 10,000 training images instead")
    return parser.parse_args(arguments)


def _network(yours):
    if not yours:
        return MLP
    from dropout_lab.lab.fast.in_your_functions import YourMLP

    return YourMLP


def _side_by_side(tasks, options):
    """One process for each run, as many at a time as there are cores to use, and one bar for all."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "DROPOUT_LAB_PROGRESS": "off"}
    same = [f"--out={options.out}", "--processes=1"]
    same += [f"--{flag}" for flag in ("yours", "validate") if getattr(options, flag)]
    same += [f"--epochs={options.epochs}"] if options.epochs else []
    waiting = [
        [sys.executable, "-m", "dropout_lab.lab.mnist.paper", f"--config={config}", f"--seeds={seed}", *same]
        for config, seed in tasks
    ]
    total, seen, running = sum(options.epochs or CONFIGS[config].epochs for config, _ in tasks), 0, []
    try:
        with bar("epochs of all runs", total, "epoch") as advance:
            while waiting or running:
                while waiting and len(running) < options.processes:
                    running.append(subprocess.Popen(waiting.pop(0), env=environment, stdout=subprocess.DEVNULL))
                time.sleep(1)
                now = sum(len(r["curve"]) for r in load(options.out) if (r["config"], r["seed"]) in tasks)
                advance(now - seen)
                seen = now
                if any(child.poll() for child in running):
                    raise ValueError("a run ended with an error, printed above; the others were stopped and can go on")
                running = [child for child in running if child.poll() is None]
    finally:
        for child in running:
            child.terminate()
            child.wait()


if __name__ == "__main__":
    main()
