"""Series of correlated numbers whose mean and variance are known."""

import numpy as np
from scipy.signal import lfilter

from anodeflow.stages.motion.correlated_mean import series_mean

STEP_PS = 0.01


def ar1(rng, frames, tau, runs=1):
    """Noise (runs, frames) of unit variance, autocorrelation exp(−t/tau), tau in frames."""
    a = np.exp(-1 / tau)
    noise = rng.normal(size=(runs, frames)) * np.sqrt(1 - a**2)
    noise[:, 0] /= np.sqrt(1 - a**2)
    return lfilter([1], [1, -a], noise, axis=1)


def averaged(values, note=""):
    """Return the mean of a series in steps of STEP_PS, with its error."""
    return series_mean(values, np.arange(len(values)) * STEP_PS, what="spacing", note=note)
