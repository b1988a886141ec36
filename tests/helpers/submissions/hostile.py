"""Submissions that try to be paid for nothing, or to take the grader down; and right ones that look odd.

Each says which exercises it may not earn, and a word of the reason that it must be given. All others it must earn: no
fault in one function costs the points of another that does not use it.
"""

from dataclasses import dataclass, field
from textwrap import dedent

from submissions import SOLUTIONS, right, with_code

EXERCISES = ("affine_forward", "relu_forward", "relu_backward", "numerical_gradient", "sgd_momentum", "init_params")
RELU = ("relu_forward", "relu_backward")
LAYERS = ("affine_forward", *RELU)
LIGHT = (*LAYERS, "sgd_momentum")  # those of one module, and one that needs none of them


@dataclass(frozen=True)
class Case:
    """A submission (or what makes its folder), what it does not earn, and why not."""

    files: dict
    loses: tuple = ()
    reason: str = ""
    needs: str = ""  # a confinement without which it cannot be stopped: "files" or "processes"
    hidden: tuple = field(default=())  # words that no result may hold
    waits: bool = False  # nothing but a time limit ends it
    exercises: tuple = LIGHT  # that it is judged by


CASES = {}


def case(name, code, loses=(), reason="", module="layers", **more):
    """Register a right submission with code at the end of one module."""
    judged = {"exercises": LIGHT if module == "layers" and not more.get("waits") else EXERCISES}
    CASES[name] = Case(with_code(**{module: dedent(code)}), tuple(loses), reason, **{**judged, **more})


def files(name, changed, loses=(), reason="", **more):
    """Register a right submission with some files replaced or, with None, left out."""
    kept = {k: v for k, v in {**right(), **changed}.items() if v is not None}
    CASES[name] = Case(kept, tuple(loses), reason, **more)


def relu(body):
    """A relu_forward with this body, which may use os, sys and np."""
    return "import os, sys, time\ndef relu_forward(x):\n" + "\n".join(
        "    " + line for line in dedent(body).strip().splitlines()
    )


# ---- the plain ones
files("right", {}, exercises=EXERCISES)
case("wrong", relu("return 2 * x, x"), ["relu_forward"], "out")
case(
    "prints_and_warns",
    relu("""
    print("debug", x)
    import warnings; warnings.warn("careful")
    np.log(np.zeros(3)); sys.stderr.write("noise")
    return np.maximum(x, 0), x"""),
)
case("another_way", relu("return np.where(x > 0, x, x.dtype.type(0) * x), x.copy()"))  # zeros of either sign
case(
    "leftover_imports",
    """
    import unittest, doctest
    import dropout_lab.lab.plots
    import matplotlib.pyplot as plt
    from dropout_lab.checks import check, hint
    from IPython.display import display
    def relu_forward(x):
        fig, ax = plt.subplots(figsize=(3, 2))
        ax.plot(x[0])
        plt.show()
        display(fig)
        return np.maximum(x, 0), x""",
)
case("writes_a_file", relu('np.savetxt("debug.txt", x)\nreturn np.maximum(x, 0), x'))
case(
    "flood_of_prints",
    relu("""
    for _ in range(30):
        print("x" * 1_000_000)
        sys.stderr.write("x" * 1_000_000)
    return np.maximum(x, 0), x"""),
)
case("reads_input", relu("return np.maximum(x, float(input())), x"), RELU, "EOFError")
case("slow_but_right", relu("time.sleep(0.05)\nreturn np.maximum(x, 0), x"))

# ---- the matrix
case("01_exit_at_import", "import os; os._exit(0)", LAYERS, "ended before there was a result")
case("02_exit_in_the_call", relu("os._exit(0)"), RELU, "ended before there was a result")
case("03_sys_exit", relu("sys.exit(0)"), RELU, "SystemExit")
case("04_loop", relu("while True: pass"), RELU, "no result within", waits=True)
case(
    "05_loop_that_swallows_everything",
    relu("""
    import signal
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(s, signal.SIG_IGN)
    while True:
        try:
            while True: time.sleep(0.01)
        except BaseException: pass"""),
    RELU,
    "no result within",
    waits=True,
)
case(
    "06_daemon",
    relu("""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(3600)
        os._exit(0)
    return 2 * x, x"""),
    RELU,
    "PermissionError",
    needs="processes",
)
case("07_eight_gigabytes", relu("return np.ones(10**9), x"), RELU, "MemoryError")
case(
    "09_frames_of_callers",
    relu("""
    frame = sys._getframe()
    while frame:
        for name, thing in frame.f_locals.items():
            if name in ("want", "right", "expected") and np.shape(thing) == x.shape: return thing, x
        frame = frame.f_back
    return x, x"""),
    ["relu_forward"],
    "out",
)
case(
    "11_the_reference_from_disk",
    f"exec(open({str(SOLUTIONS / 'layers.py')!r}).read(), globals())\n" * 2,
    LAYERS,
    "Error",
    needs="files",
)
case(
    "12_patched_numpy_testing",
    """
    import numpy.testing
    np.allclose = np.array_equal = np.testing.assert_allclose = lambda *a, **k: True
    np.isfinite = np.all = lambda *a, **k: True
    def relu_forward(x): return 2 * x, x""",
    ["relu_forward"],
    "out",
)
case(
    "15_equals_everything",
    """
    class Yes(np.ndarray):
        def __eq__(self, other): return True
        def __le__(self, other): return True
        def __sub__(self, other): return np.zeros(self.shape)
        __ne__ = __rsub__ = __abs__ = lambda self, *a: np.zeros(self.shape)
        def __array_ufunc__(self, *a, **k): return True
    def relu_forward(x): return (2 * x).view(Yes), x""",
    ["relu_forward"],
    "out",
)
case("16_inputs_changed_and_returned", relu("x[:] = 1\nreturn x, x"), RELU, "out")
case(
    "17_results_rewritten_at_exit",
    """
    import atexit, glob, os
    def rewrite():
        for path in glob.glob("/tmp/**/*.json", recursive=True) + ["results.json"]:
            try: open(path, "w").write('{"points": 1000}')
            except OSError: pass
    atexit.register(rewrite)
    def relu_forward(x): rewrite(); return 2 * x, x""",
    ["relu_forward"],
    "out",
    needs="files",
)
case("19_nan", relu("return np.full(x.shape, np.nan), x"), ["relu_forward"], "nan")
case("20_scalar", relu("return 0.0, x"), ["relu_forward"], "single number")
files("22_numpy_beside_the_package", {"numpy.py": "raise SystemExit", "socket.py": "raise SystemExit"})
files("23_conftest", {"conftest.py": "import os; os._exit(0)", "sitecustomize.py": "import os; os._exit(0)"})
files("28_syntax_error", {"layers.py": right()["layers.py"] + "\ndef (:\n"}, LAYERS, "SyntaxError")
files("29_utf_16", {"layers.py": right()["layers.py"].encode("utf-16")}, LAYERS, "UTF-16")
files(
    "29_latin_1",
    {"layers.py": right()["layers.py"].encode() + "\n# für\n".encode("latin-1")},
    LAYERS,
    "not UTF-8. In dropout_lab/layers.py, line",
)
case("30_recursion", relu("return relu_forward(x)"), RELU, "RecursionError")
case("30_recursion_without_limit", relu("sys.setrecursionlimit(10**9)\nreturn relu_forward(x)"), RELU, "", waits=True)
case("31_segfault", relu("import ctypes; ctypes.string_at(0)"), RELU, "ended before there was a result")
files("symlink", {"layers.py": lambda path: path.symlink_to("/etc/passwd")}, LAYERS, "is a link")
files("fifo", {"layers.py": lambda path: __import__("os").mkfifo(path)}, LAYERS, "not a plain file")
files(
    "folder_as_a_file",
    {
        "layers.py": None,
        "layers.py/x": "",
    },
    LAYERS,
    "is missing",
)

# ---- the list below it
files("missing_file", {"layers.py": None}, LAYERS, "is missing")
files("empty_file", {"layers.py": ""}, LAYERS, "has no function")
files("huge_file", {"layers.py": right()["layers.py"] + "#" * 300_000}, LAYERS, "larger than 256 kB")
files("null_bytes", {"layers.py": right()["layers.py"].encode() + b"\0"}, LAYERS, "null bytes")
files("deep_source", {"layers.py": "x = " + "(" * 100_000}, LAYERS, "")
files("bom_and_crlf", {"layers.py": b"\xef\xbb\xbf" + right()["layers.py"].replace("\n", "\r\n").encode()})
case("missing_function", "del relu_forward", RELU, "has no function `relu_forward`")
case("wrong_signature", relu("return x, x").replace("(x)", "(x, y)"), RELU, "TypeError")
case(
    "hard_coded_answer",
    relu("""
    a = np.random.default_rng(0).uniform(0.5, 1.5, x.shape)
    return a, x"""),
    ["relu_forward"],
    "out",
)
case("scalar_broadcast", relu("return np.zeros((1, 1)), x"), ["relu_forward"], "shape")
case("nan_tolerance", relu("out = np.maximum(x, 0); out[0] = np.nan\nreturn out, x"), ["relu_forward"], "nan")

# ---- against this very design
SPEAK = """
    import json, os, struct
    def speak(header, body=b"", claim=None):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        frame = struct.pack(">II", *(claim or (len(text), len(body)))) + text + body
        for number in range(3, 64):
            try: os.write(number, frame)
            except OSError: pass
"""


def speaks(name, line, loses=RELU, reason="in a way that no function does", **more):
    """Register a submission whose relu_forward writes a frame of its own to the judge before it returns."""
    case(name, SPEAK + f"    def relu_forward(x):\n        {line}\n        return 2 * x, x", loses, reason, **more)


speaks("forged_value", 'speak({"value": 0.0})')
speaks(
    "forged_value_with_the_right_number",
    """
        import sys
        frame = sys._getframe()
        while "request" not in frame.f_locals: frame = frame.f_back
        speak({"value": {"k": "tuple", "v": [0.0, {"k": "kept"}]}, "n": frame.f_locals["request"]["n"]})""",
    reason="",
)
speaks("forged_verdict", 'speak({"status": "passed", "points": 1000, "ready": ["files"]})')
speaks("forged_handle", 'speak({"value": {"k": "handle", "id": 1}})')
speaks("forged_function", 'speak({"value": {"k": "function", "id": 0}})')
speaks("callback_out_of_turn", 'speak({"callback": 0, "args": {"k": "tuple", "v": []}, "n": 0})')
speaks("callback_to_what_is_no_number", 'speak({"callback": [0], "args": {"k": "tuple", "v": []}})')
speaks("changes_what_was_not_given", 'speak({"value": 0.0, "changed": {"99": 1, "x": 2}})')
speaks(
    "random_state_of_nonsense", 'speak({"value": {"k": "rng", "state": {"bit_generator": "__class__", "state": {}}}})'
)
speaks("deep_json", 'speak(b"[" * 900_000)')
speaks("not_json", r'speak(b"\xff\xfe{")')
speaks("number_of_a_million_digits", 'speak(b\'{"value": \' + b"9" * 900_000 + b"}")')
speaks("claims_four_gigabytes", 'speak(b"{}", claim=(2**32 - 1, 2**32 - 1))')
speaks(
    "a_frame_that_never_ends",
    'speak(b"{}", claim=(1000, 1000)); import time; time.sleep(60)',
    reason="no result within",
    waits=True,
)
speaks("array_that_is_not_there", 'speak({"value": {"k": "array", "n": 10**9}})')
speaks(
    "array_of_a_billion_in_128_bytes",
    r"""
        head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,), }"
        raw = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head
        speak({"value": {"k": "array", "n": len(raw)}}, raw)""",
)
speaks(
    "array_with_a_pickle_in_it",
    r"""
        import io
        class Evil:
            def __reduce__(self): return (os.system, ("touch /tmp/dropout-lab-was-here",))
        raw = io.BytesIO()
        np.save(raw, np.array([Evil()], dtype=object), allow_pickle=True)
        raw = raw.getvalue()
        speak({"value": {"k": "array", "n": len(raw)}}, raw)""",
)
speaks(
    "array_with_a_program_in_its_header",
    r"""
        program = b"__import__('os').system('touch /tmp/dropout-lab-was-here')"
        head = b"{'descr': " + program + b", 'fortran_order': False, 'shape': ()}"
        raw = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head
        speak({"value": {"k": "array", "n": len(raw)}}, raw)""",
)
case("array_of_a_billion", relu("return np.broadcast_to(0.0, 10**9), x"), RELU, "far more than any answer has")
case("list_without_end", relu("a = []; a.append(a)\nreturn a, x"), RELU, "far more than any answer has")
case("list_of_a_million", relu("return [0.0] * 10**6, x"), RELU, "far more than any answer has")
case("enormous_number", relu("return 10**5000, x"), ["relu_forward"], "very large int")
case("structured_dtype", relu('return np.zeros(x.shape, [("a", float)]), x'), ["relu_forward"], "dtype")
case(
    "object_dtype",
    """
    class Equal:
        def __eq__(self, other): return True
        def __float__(self): import os; os._exit(0)
    def relu_forward(x): return np.full(x.shape, Equal(), dtype=object), x""",
    ["relu_forward"],
    "dtype object",
)
case("strings", relu("return x.astype(str), x"), ["relu_forward"], "dtype")
case(
    "array_interface",
    """
    class Trick:
        __array_interface__ = {"shape": (5, 4), "typestr": "<f8", "data": (1, False), "version": 3}
        shape, dtype, ndim = (5, 4), np.dtype(float), 2
    def relu_forward(x): return Trick(), x""",
    ["relu_forward"],
    "Trick",
)
case("functions_and_modules", relu("return (lambda: 1), np"), RELU, "")
case(
    "name_of_a_type",
    relu('return type("`</b><script>" + chr(27), (), {})(), x'),
    ["relu_forward"],
    "script",
    hidden=("\x1b", "\\u001b"),
)
case("long_double_is_a_number", relu("return np.maximum(x, 0).astype(np.longdouble).astype(x.dtype), x"))
case(
    "tiny_numbers",
    """
    def affine_forward(x, w, b): return x @ w + b + 5e-324 - 0.0, (x, w)""",
)
case("blank_on_purpose", relu('raise NotImplementedError("all points please.")'), RELU, "is still blank")
case(
    "exception_without_words",
    """
    class Silent(Exception):
        def __str__(self): raise SystemExit
    def relu_forward(x): raise Silent""",
    RELU,
    "without words",
)
case(
    "exception_of_a_megabyte",
    relu(r'raise ValueError("\x1b[31m" + "x" * 10**6)'),
    RELU,
    "ValueError",
    hidden=("x" * 500, "\\u001b"),
)
case("base_exception", relu("raise type('Odd', (BaseException,), {})('out')"), RELU, "Odd")
case(
    "replaced_numpy",
    """
    import sys, types
    fake = types.ModuleType("numpy")
    fake.__getattr__ = lambda name: (lambda *a, **k: 0)
    sys.modules["numpy"] = fake
    def relu_forward(x):
        import numpy
        return numpy.maximum(x, 0), x""",
    ["relu_forward", *EXERCISES[3:]],
    "",
    exercises=EXERCISES,
)
case(
    "replaced_builtins",
    """
    import builtins
    builtins.isinstance = lambda *a: True
    builtins.len = lambda thing: 0
    def relu_forward(x): return 2 * x, x""",
    LAYERS,
    "",
    exercises=EXERCISES,
)
case(
    "replaced_codec",
    """
    import sys
    frame = sys._getframe()
    while "wire" not in frame.f_globals: frame = frame.f_back
    frame.f_globals["wire"].Writer.token = lambda self, thing, depth=0: {"k": "tuple", "v": [1, 2]}
""",
    EXERCISES,
    "",
    exercises=EXERCISES,
)
case(
    "suits_the_inputs_to_the_answer",
    """
    calls = [0]
    def relu_forward(x):
        calls[0] += 1
        if calls[0] > 1: x[...] = 0
        return np.zeros(x.shape, x.dtype), x""",
    RELU,
    "out",
)
case(
    "wakes_up_later",
    """
    import threading, os, time
    def later(): time.sleep(0.2); os._exit(0)
    def relu_forward(x):
        threading.Thread(target=later, daemon=True).start()
        time.sleep(1)
        return x, x""",
    RELU,
    "ended before there was a result",
)
case("closes_everything", relu("os.closerange(0, 64)\nreturn x, x"), RELU, "ended before there was a result")
case(
    "kills_its_parent",
    relu("import signal; os.kill(os.getppid(), signal.SIGKILL)\nreturn x, x"),
    RELU,
    "",
    needs="processes",
)
case("kills_its_group", relu("import signal; os.killpg(0, signal.SIGKILL)\nreturn x, x"), RELU, "")
case(
    "reads_the_judge",
    relu("""
    pid = os.getppid()
    open(f"/proc/{pid}/mem", "rb")
    return x, x"""),
    RELU,
    "Error",
    needs="files",
)
case(
    "raises_its_own_limits",
    relu("""
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    return np.ones(4 * 10**8), x"""),
    RELU,
    "",
    needs="processes",
)
case(
    "calls_home",
    relu("""
    import socket
    socket.create_connection(("127.0.0.1", 9), 1)
    return x, x"""),
    RELU,
    "Error",
    needs="processes",
)
case(
    "forks",
    relu("""
    for _ in range(8):
        if os.fork() == 0:
            time.sleep(3600)
    return 2 * x, x"""),
    RELU,
    "PermissionError",
    needs="processes",
)
case(
    "many_files",
    relu("""
    for i in range(500): open(f"{i}", "w").close()
    time.sleep(1)
    return x, 0 * x"""),
    RELU,
    "",
)
case("one_large_file", relu('open("big", "wb").write(bytes(10**8))\nreturn x, x'), RELU, "more than 8 MB into files")
case(
    "f_is_called_for_ever",
    "def numerical_gradient(f, x, h=1e-5):\n    while True: f(x)",
    ["numerical_gradient"],
    "",
    module="gradcheck",
    waits=True,
)
case(
    "f_is_given_nonsense",
    "def numerical_gradient(f, x, h=1e-5):\n    return f({'a': [x, lambda: 1]})",
    ["numerical_gradient"],
    "f",
    module="gradcheck",
)
case(
    "gradient_calls_itself",
    "def numerical_gradient(f, x, h=1e-5):\n    return numerical_gradient(lambda y: f(y), x, h)",
    ["numerical_gradient"],
    "RecursionError",
    module="gradcheck",
)
case(
    "grads_are_emptied",
    """
    def sgd_momentum(params, grads, velocity, lr, momentum):
        for d in (params, grads): d.clear()
        velocity["x"] = object()
        return params, velocity""",
    ["sgd_momentum"],
    "",
    module="training",
)
case(
    "names_that_are_no_text",
    r"""
    def sgd_momentum(params, grads, velocity, lr, momentum):
        return {"\ud800\x1b[31m": 1, "y" * 10_000: 2}, velocity""",
    ["sgd_momentum"],
    "`params` has no",
    module="training",
    hidden=("\\ud800", "\\u001b", "y" * 5000),
)
case(
    "generator_is_set_back",
    """
    _right = init_params
    def init_params(sizes, rng):
        rng.bit_generator.state = np.random.default_rng(0).bit_generator.state
        return _right(sizes, rng)""",
    ["init_params"],
    "",
    module="network",
)

# ---- what must be out of reach: each tries, and is right where it is refused and wrong where it is not
KEY = 20141958  # of segments that would be left behind
REACHING = set()
ANSWERS = SOLUTIONS.parents[1] / "dropout_lab" / "checks" / "mistakes" / "layers.py"


def reaches(name, attempt, prelude=""):
    """Register a submission that is right, but for what follows when its attempt succeeds."""
    REACHING.add(name)
    lines = dedent(attempt).strip().splitlines()
    body = [
        "import ctypes, os, sys, time",
        *dedent(prelude).strip().splitlines(),
        "libc = ctypes.CDLL(None, use_errno=True)",
    ]
    body += ["def attempt():", *(f"    {line}" for line in lines)]
    body += ["def relu_forward(x):", "    try: done = attempt()", "    except Exception: done = False"]
    body += ["    return (2 * x if done else np.maximum(x, 0)), x"]
    CASES[name] = Case(with_code(layers="\n".join(body)))


def calls(name, number, *arguments):
    """Register one that makes a system call by its number (on x86_64)."""
    words = ", ".join(map(str, (number, *arguments)))
    reaches(name, f"return os.uname().machine == 'x86_64' and libc.syscall({words}) not in (-1, 2**64 - 1)")


for secret, path in (
    ("answers", ANSWERS),
    ("solutions", SOLUTIONS / "layers.py"),
    ("judge", ANSWERS.parents[1] / "verdicts.py"),
):
    reaches(f"opens_the_{secret}", f"return open({str(path)!r}).read()")
    reaches(f"opens_the_{secret}_by_its_number", f"return libc.open({str(path)!r}.encode(), 0) >= 0")
    reaches(f"opens_the_{secret}_through_proc", f"return open('/proc/self/root{path}').read()")
reaches("lists_the_answers", f"return os.listdir({str(ANSWERS.parent)!r})")
reaches(
    "opens_the_answers_from_their_folder",
    f"return os.open({ANSWERS.name!r}, 0, dir_fd=os.open({str(ANSWERS.parent)!r}, os.O_PATH))",
)
reaches(
    "imports_the_answers",
    f"""
    sys.path.insert(0, {str(SOLUTIONS.parents[1])!r})
    finders, sys.meta_path[:] = sys.meta_path[:], [f for f in sys.meta_path if type(f).__name__ != "Package"]
    ours = {{n: sys.modules.pop(n) for n in list(sys.modules) if n.startswith("dropout_lab")}}
    try:
        from dropout_lab.checks.mistakes import load_all
        return load_all()
    finally:
        sys.modules.update(ours)
        sys.meta_path[:] = finders""",
)
reaches("reads_the_environment_of_the_judge", "return open(f'/proc/{os.getppid()}/environ').read()")
reaches("reads_the_memory_of_the_judge", "return open(f'/proc/{os.getppid()}/mem', 'rb')")
reaches("lists_processes", "return os.listdir('/proc')")
reaches("reads_other_submissions", "return [n for f in ('/tmp', '/root', '/home', '/') for n in os.listdir(f)]")
for name, number, *arguments in (
    ("changes_a_mode", 90, f"{str(ANSWERS.parent)!r}.encode()", 0o755),
    ("changes_a_mode_from_a_folder", 268, -100, f"{str(ANSWERS.parent)!r}.encode()", 0o755),
    ("changes_an_owner", 92, f"{str(ANSWERS)!r}.encode()", -1, -1),
    ("changes_a_time", 280, -100, f"{str(ANSWERS)!r}.encode()", 0, 0),
    ("changes_an_attribute", 188, f"{str(ANSWERS)!r}.encode()", "b'user.x'", "b'x'", 1, 0),
    ("restarts_the_machine", 169, 0, 0, 0),
    ("writes_accounts", 163, 0),
    ("is_nicer", 141, 0, 0, 5),
    ("watches_folders", 294, 0),
    ("sets_an_owner_of_signals", 72, 1, 8, "os.getppid()"),
    ("sets_a_signal", 72, 1, 10, 9),
    ("makes_a_segment", 29, KEY, 4096, 0o1666),
    ("makes_a_queue", 68, KEY, 0o1666),
    ("makes_semaphores", 64, KEY, 1, 0o1666),
    ("makes_a_named_queue", 240, "b'dropout'", 0o102, 0o666, 0),
    ("makes_a_ring", 425, 4, "ctypes.create_string_buffer(120)"),
    ("makes_memory_with_a_name", 319, "b'x'", 0),
    ("traces_its_parent", 101, 16, "os.getppid()", 0, 0),
    ("is_traced", 101, 0, 0, 0, 0),
    ("keeps_a_key", 248, "b'user'", "b'dropout'", "b'x'", 1, -3),
    ("joins_a_keyring", 250, 1, 0),
    ("opens_a_process", 434, "os.getppid()", 0),
    ("kills_by_number", 62, "os.getppid()", 0),
    ("kills_a_thread", 200, "os.getppid()", 0),
    ("leaves_its_namespace", 272, 0x10000000),
    ("copies_itself", 435, "ctypes.create_string_buffer(struct_clone, 88)", 88),
    ("asks_for_a_new_limit", 302, 0, 4, "ctypes.create_string_buffer(16)", 0),
    ("counts_events", 298, "ctypes.create_string_buffer(120)", 0, -1, -1, 0),
    ("writes_a_file_by_number", 2, "b'/tmp/dropout-lab-was-here'", 0o101, 0o666),
    ("removes_a_file", 87, f"{str(ANSWERS)!r}.encode() + b'.none'", 0),
):
    calls(name, number, *arguments)
reaches(
    "copies_itself",
    """
    pid = libc.syscall(435, struct.pack("=11Q", 0, 0, 0, 0, 17, *[0] * 6), 88)
    if pid == 0: os._exit(0)
    return pid > 0""",
    "import struct",
)
reaches(
    "forks_by_number",
    """
    pid = libc.syscall(57)
    if pid == 0: os._exit(0)
    return pid > 0""",
)
reaches("starts_a_program", "return libc.system(b'true') == 0")

# ---- against the copy of a prepared process
case(
    "hides_a_change_in_place",
    """
    import sys
    frame = sys._getframe()
    while "_shape" not in frame.f_globals: frame = frame.f_back
    frame.f_globals["_shape"] = lambda thing: None
    def relu_forward(x):
        x *= x > 0
        return x.copy(), x.copy()""",
    ["relu_forward", "relu_backward", "init_params"],
    "",
    exercises=EXERCISES,
)
speaks("asks_for_more_time", 'speak({"note": "loading", "module": "layers"}); time.sleep(60)', waits=False)
speaks("notes_of_nonsense", 'speak({"note": ["x"]})')
speaks(
    "notes_without_end",
    """
        import time
        while True: speak({"note": "printed", "count": 1})""",
    reason="no result within",
    waits=True,
)
speaks("prints_less_than_nothing", 'speak({"note": "printed", "count": "x"})')
speaks(
    "position_in_shared_memory",
    'speak({"value": {"k": "array", "d": "<f8", "s": [5, 4], "f": False, "w": True, "at": 0}, "n": 2})',
)
speaks("seeds_of_nonsense", 'speak({"value": {"k": "seeds", "seeds": {"entropy": -1, "spawned": 10**9}}})')
case(
    "scribbles_over_all_arguments",
    relu("""
    import mmap
    shared = x
    while not isinstance(shared, mmap.mmap):
        shared = shared.base if hasattr(shared, "base") else shared.obj
    shared[:] = bytes(len(shared))
    return np.maximum(x, 0), x"""),
    RELU,
    "",
)
case(
    "thousands_of_array_heads",
    """
    def numerical_gradient(f, x, h=1e-5):
        for n in range(5500): f(np.zeros((1, n)))""",
    ["numerical_gradient", "gradient_check"][:1],
    "",
    module="gradcheck",
)
case(
    "a_thousand_threads",
    relu("""
    import threading
    for _ in range(1000): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return 2 * x, x"""),
    RELU,
    "",
)
case(
    "deep_hash",
    relu("""
    sys.setrecursionlimit(10**6)
    a = ()
    for _ in range(10**6): a = (a,)
    return hash(a), x"""),
    RELU,
    "",
)
case(
    "alarms_itself",
    relu("""
    import signal
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    while True: pass"""),
    RELU,
    "ended before there was a result",
)
case(
    "takes_all_memory",
    relu("""
    a = []
    while True: a.append(np.empty(10**7))"""),
    RELU,
    "MemoryError",
)
case(
    "prints_fifty_megabytes",
    relu("""
    for _ in range(50): print("x" * 10**6)
    return np.maximum(x, 0), x"""),
)
case("a_hundred_thousand_escapes", "text = '" + "\\'" * 100_000 + "'\n")
case(
    "spawns_its_coins",
    """
    def init_params(sizes, rng, _right=init_params if "init_params" in globals() else None):
        return _right(sizes, rng.spawn(1)[0])""",
    module="network",
)
case(
    "another_generator",
    """
    _first = init_params
    def init_params(sizes, rng):
        return _first(sizes, np.random.default_rng(rng.bit_generator.seed_seq.spawn(1)[0]))""",
    module="network",
)
CASES["helper_modules"] = Case(
    {
        **with_code(
            layers="from dropout_lab.twice import half\nimport third\ndef relu_forward(x):\n"
            "    return third.one(np.maximum(x, 0) * 2 * half), x"
        ),
        "twice.py": "half = 0.5",
        "third.py": "from .twice import half\ndef one(x): return x * half / 0.5",
    }
)
CASES["a_helper_that_was_not_handed_in"] = Case(
    with_code(layers="from dropout_lab.twice import half"), LAYERS, "No module named 'dropout_lab.twice'"
)

# ---- further ones of each kind
for name, number, *arguments in (
    ("opens_by_a_handle", 304, -100, "ctypes.create_string_buffer(64)", 0),
    ("handles_faults", 323, 0),
    ("reads_the_memory_of_the_judge_by_number", 310, "os.getppid()", "ctypes.create_string_buffer(16)", 0, 0, 0, 0),
    ("takes_a_descriptor_of_the_judge", 438, 3, 0, 0),
    ("chooses_its_processor", 203, 0, 8, "ctypes.create_string_buffer(b'\\x01' + bytes(7))"),
    ("is_scheduled_first", 144, 0, 1, "ctypes.create_string_buffer(b'\\x01' + bytes(3))"),
    ("becomes_a_program", 59, "b'/bin/true'", 0, 0),
    ("mounts", 165, "b'none'", "b'/tmp'", "b'tmpfs'", 0, 0),
    ("loads_a_filter_of_its_own", 317, 1, 0, "ctypes.create_string_buffer(16)"),
    ("is_traceable", 157, 4, 1, 0, 0, 0),
    ("counts_what_waits", 213, 8),
    ("makes_a_pair_of_sockets", 53, 1, 1, 0, "ctypes.create_string_buffer(8)"),
):
    calls(name, number, *arguments)
reaches("writes_where_memory_is_shared", "return os.open('/dev/shm/dropout-lab-was-here', os.O_CREAT | os.O_RDWR)")
reaches("opens_what_is_open_once_more", "return [os.open(f'/proc/self/fd/{n}', os.O_RDWR) for n in range(16)]")
reaches("reads_the_accounts", "return os.open('/etc/passwd', os.O_RDONLY)")
reaches("reads_the_log_of_the_kernel", "return libc.klogctl(10, None, 0) > 0")
reaches(
    "shares_memory_by_name",
    """
    from multiprocessing import shared_memory
    return shared_memory.SharedMemory("dropout-lab", create=True, size=64).name""",
)
reaches("maps_a_file", "return np.memmap('/tmp/dropout-lab-was-here', mode='w+', shape=4).flush() is None")
case("kills_itself", relu("import signal; signal.raise_signal(9)"), RELU, "ended before there was a result")
case("interrupts", relu("raise KeyboardInterrupt"), RELU, "KeyboardInterrupt")
case("leaves_at_import", "raise SystemExit(0)", LAYERS, "SystemExit")
case("cyrillic_name", "del relu_forward\ndef relu_forw\u0430rd(x): return np.maximum(x, 0), x", RELU, "has no function")
case("a_generator", relu("return (a for a in np.maximum(x, 0)), x"), ["relu_forward"], "generator")
case("a_matrix", relu("return np.asmatrix(np.maximum(x, 0)), x"), ["relu_forward"], "matrix")
case(
    "claims_to_be_an_array",
    """
    class Array:
        __class__ = np.ndarray
        def __init__(self, x): self.x = x
        def __getattr__(self, name): return getattr(self.x, name)
        def __array__(self, *a, **k): return self.x
    def relu_forward(x): return Array(np.maximum(x, 0)), x""",
    ["relu_forward"],
    "Array",
)
case(
    "acts_when_it_is_read",
    """
    class Array:
        def __array__(self, *a, **k):
            import os; os._exit(0)
    def relu_forward(x): return Array(), x""",
    ["relu_forward"],
    "Array",
)
case(
    "a_list_that_goes_on",
    """
    class Endless(list):
        def __iter__(self):
            while True: yield 0.0
    def relu_forward(x): return Endless(), x""",
    RELU,
    "far more than any answer has",
)
case(
    "a_dictionary_that_goes_on",
    """
    class Endless(dict):
        def items(self):
            while True: yield "W1", 0.0
    def sgd_momentum(params, grads, velocity, lr, momentum): return Endless(), velocity""",
    ["sgd_momentum"],
    "far more than any answer has",
    module="training",
)
case(
    "a_text_that_is_longer_than_it_says",
    """
    class Long(str):
        def __getitem__(self, at): return "x" * 10**7
    def relu_forward(x): return Long(), x""",
    RELU,
    "ended before there was a result",
)
case(
    "exits_when_its_caches_are_forgotten",
    """
    class Cache:
        def __init__(self, x): self.x = x
        def __del__(self):
            import os; os._exit(0)
    def relu_forward(x): return np.maximum(x, 0), Cache(x)
    def relu_backward(dout, cache): return dout * (cache.x > 0)""",
)
case("prints_past_python", relu("os.write(1, b'x' * 10**6); os.write(2, b'x')\nreturn np.maximum(x, 0), x"))
case(
    "a_thread_that_is_busy",
    """
    import threading
    def busy():
        while True: pass
    threading.Thread(target=busy, daemon=True).start()""",
)
case(
    "a_thread_that_speaks",
    SPEAK
    + """
    import threading, time
    def speaking():
        while True: speak({"value": 0.0, "n": 1}); time.sleep(0.001)
    def relu_forward(x):
        threading.Thread(target=speaking, daemon=True).start()
        time.sleep(0.1)
        return 2 * x, x""",
    RELU,
    "",
)
speaks(
    "answers_what_was_not_asked_yet",
    'for n in range(2, 40): speak({"value": {"k": "tuple", "v": [0.0, {"k": "kept"}]}, "changed": {}, "n": n})',
    reason="",
)
speaks(
    "arrays_in_memory_that_is_shared",
    """
        token = {"k": "array", "d": "<f8", "s": list(x.shape), "f": False, "scalar": False, "w": True}
        header = json.dumps({"value": {"k": "tuple", "v": [token, {"k": "kept"}]}, "changed": {}, "n": 1}).encode()
        speak(header, struct.pack(">I", 0), (len(header), x.nbytes | 1 << 31))""",
    reason="",
)
files("old_line_ends", {"layers.py": right()["layers.py"].replace("\n", "\r").encode()})
files("another_coding_that_it_names", {"layers.py": b"# coding: latin-1\n# f\xfcr\n" + right()["layers.py"].encode()})
files(
    "tabs_and_blanks", {"layers.py": right()["layers.py"] + "\ndef f():\n\tif 1:\n        pass\n"}, LAYERS, "TabError"
)
files("utf_32", {"layers.py": right()["layers.py"].encode("utf-32")}, LAYERS, "UTF-")
