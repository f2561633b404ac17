"""What third parties say, harmlessly, while models are loaded."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_loading() -> Iterator[None]:
    """Hold back what mace and chgnet are known to say, harmlessly, when imported and loaded."""
    root = logging.getLogger()
    silent = logging.NullHandler()
    root.addFilter(_is_not_dtype_note)
    root.addHandler(silent)  # else the first logging call would set up logging for everyone
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.filterwarnings("ignore", message=r".*TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
            warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated")
            warnings.filterwarnings("ignore", category=FutureWarning, message=r".*torch\.load")
            # Of packages before they are compiled.
            warnings.filterwarnings("ignore", message=r".*invalid escape sequence")
            yield
    finally:
        root.removeHandler(silent)
        root.removeFilter(_is_not_dtype_note)


def _is_not_dtype_note(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Default dtype ")
