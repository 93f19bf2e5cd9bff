"""The areas of the talk, and what everybody is asked to compute."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.integer]


@dataclass(frozen=True)
class Case:
    """A square grid on a region; both bounds are samples."""

    name: str
    re: tuple[float, float]
    im: tuple[float, float]
    side: int
    max_iter: int

    def re_samples(self) -> NDArray[np.float64]:
        return np.linspace(*self.re, self.side)

    def im_samples(self) -> NDArray[np.float64]:
        return np.linspace(*self.im, self.side)

    def resized(self, side: int) -> Case:
        return dataclasses.replace(self, side=side)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Case:
        return cls(**json.loads(text))


AREA1 = Case("area1", (-2.0, 0.5), (-1.25, 1.25), 1000, 80)
AREA2 = Case("area2", (-0.74877, -0.74872), (0.06505, 0.06510), 1000, 2048)
