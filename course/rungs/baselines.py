"""Baselines without a language model: a logistic regression on the words of a text, or on its meaning."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from course.rungs.retrieve import embed
from course.rungs.routing import HasText, Labelled


class TrainedHead(ABC):
    """Answers a row with one of the labels that it learned, and says how sure it is."""

    labels: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Labelled]) -> Self:
        """Trained on these rows."""
        return cls([row.text for row in rows], [row.queue for row in rows])

    @abstractmethod
    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        """Train on texts and their labels."""

    def __call__(self, row: HasText) -> str:
        return str(self.labels[self._shares(row.text).argmax()])

    def confidence(self, row: HasText) -> float:
        """The probability of its answer, 0 to 1."""
        return float(self._shares(row.text).max())

    @abstractmethod
    def _shares(self, text: str) -> np.ndarray:
        """The probability of each of `labels`."""


class WordHead(TrainedHead):
    """Learns which words, pairs of words and pieces of words speak for which label (TF-IDF)."""

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        words = TfidfVectorizer(ngram_range=(1, 2))
        pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5))
        self._model = make_pipeline(make_union(words, pieces), LogisticRegression(C=10, max_iter=1000))
        self._model.fit(texts, labels)
        self.labels = self._model.classes_

    def _shares(self, text: str) -> np.ndarray:
        return self._model.predict_proba([text])[0]


def on_vectors() -> LogisticRegression:
    """The untrained regression of `LinearHead`, for those who train it on parts of the data."""
    return LogisticRegression(C=30, max_iter=1000)


class LinearHead(TrainedHead):
    """Learns from MiniLM's vectors of the texts."""

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        self._model = on_vectors().fit(embed(texts), labels)
        self.labels = self._model.classes_

    def _shares(self, text: str) -> np.ndarray:
        return self._model.predict_proba(embed([text]))[0]
