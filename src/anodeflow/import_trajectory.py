"""Trajectories of other programs as H5MD files: `python -m anodeflow.import_trajectory`."""

import sys

from anodeflow.stages.dynamics.importing import main

if __name__ == "__main__":
    main(sys.argv[1:])
