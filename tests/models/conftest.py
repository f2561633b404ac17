"""What the tests of MACE's modules share."""

import pytest
import torch


@pytest.fixture
def in_float64():
    """Let torch's default dtype be float64, and its random numbers always the same."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(1)
    yield
    torch.set_default_dtype(before)
