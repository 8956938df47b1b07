"""What the protocols of DCI, MIG and SAP fix."""

from typing import Final

DCI_GROUPS: Final = 10
"""Of samples: folds of the cross-validation, and of the jackknife."""

MIG_BINS: Final = 20
MIG_HALVES: Final = 16
SAP_GROUPS: Final = 20
SAP_PENALTY: Final = 0.01
