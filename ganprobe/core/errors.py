"""The errors of ganprobe: one root, and every message says what was expected, what came, and what to do."""


class GanprobeError(Exception):
    """The call or its input was wrong. The command line prints it as one line and exits with status 2."""


class InputError(GanprobeError):
    """A name, an option or a value outside what is allowed."""


class ForeignCodeError(InputError):
    """Code of the caller's own raised an exception, which is the cause."""


class DataError(GanprobeError):
    """Images, or a file or folder of them, that cannot be used: unreadable, too few, not finite."""


class CheckpointError(GanprobeError):
    """A checkpoint that cannot be read, or is of no known layout, or does not fit its own configuration."""


class CapabilityError(GanprobeError):
    """A metric asks for what its sampler cannot give, such as a path length of a folder of images."""


class MetricError(GanprobeError):
    """A metric has no value on this input: no data, too few samples, values that are not finite."""


class UntoldError(MetricError):
    """Scores of attributes do not tell what a metric reads: it has no number, and what else was asked for has."""


class TrainingError(GanprobeError):
    """Training cannot start or go on: a loss that is not finite, a folder of another run."""


class OutputError(GanprobeError):
    """The results cannot be written: a full disk, a read-only folder."""


class DeviceMemoryError(GanprobeError):
    """The memory of a device does not hold even the least that can be done at a time."""


_RAN_OUT = ("out of memory", "allocate memory", "not enough memory", "ALLOC_FAILED")
"""In what CUDA and MPS, PyTorch's CPU allocator on Linux and on Windows, cuBLAS and cuDNN say."""


def out_of_memory(problem: BaseException) -> bool:
    """Whether an error of PyTorch or NumPy says that memory ran out."""
    said = isinstance(problem, RuntimeError) and any(words in str(problem) for words in _RAN_OUT)
    return said or isinstance(problem, MemoryError)


def one_line(text: object, limit: int = 80) -> str:
    """What a file or another package says, for an error message: no line breaks, and no longer than `limit`."""
    return " ".join(str(text)[: 4 * limit].split())[:limit]
