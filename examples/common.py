"""What the examples share: the data, and `KERATA_SHORT=1` for a quick run."""

import csv
import os
import pathlib
import re

import numpy as np

DATA = pathlib.Path(__file__).parent / "data"
SHORT = bool(os.environ.get("KERATA_SHORT"))
SHORT_TRAINING, SHORT_TEST = 640, 192  # whole batches of 32 to 128, held out or not: one shape to compile for


def mnist():
    """8,000 digits to learn from and 2,000 to be tested on: images (samples, 28, 28, 1) in 0 to 1, labels (samples,)."""
    with np.load(DATA / "mnist-10k.npz", allow_pickle=False) as data:
        x, y = (data[name] for name in data.files[:2])
    x = x.reshape(-1, 28, 28, 1).astype("float32") / 255
    y = y.astype("int32")
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    if SHORT:
        return (x[:SHORT_TRAINING], y[:SHORT_TRAINING]), (x[8000 : 8000 + SHORT_TEST], y[8000 : 8000 + SHORT_TEST])
    return (x[:8000], y[:8000]), (x[8000:], y[8000:])


def movie_reviews(words=8000, length=40):
    """Snippets as word numbers (samples, length), 0 for padding and 1 for rare words; labels 1 for a good sentiment."""
    texts, labels = [], []
    with open(DATA / "movie-reviews.tsv", encoding="utf-8") as file:
        for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            score = next((v for v in row if re.fullmatch(r"-?\d+(\.\d+)?", v)), None)
            if score is not None and float(score) != 0:
                texts.append(re.findall(r"[a-z']+|[!?]", row[-1].lower()))
                labels.append(float(score) > 0)
    order = np.random.default_rng(0).permutation(len(texts))
    texts, labels = [texts[i] for i in order], np.array(labels, "int32")[order]
    cut = int(0.9 * len(texts))
    counts = {}
    for text in texts[:cut]:
        for word in text:
            counts[word] = counts.get(word, 0) + 1
    known = {w: i + 2 for i, w in enumerate(sorted(counts, key=counts.get, reverse=True)[: words - 2])}
    x = np.zeros((len(texts), length), "int32")
    for row, text in zip(x, texts):
        numbers = [known.get(w, 1) for w in text][:length]
        row[: len(numbers)] = numbers
    if SHORT:
        return (x[:SHORT_TRAINING], labels[:SHORT_TRAINING]), (x[cut : cut + SHORT_TEST], labels[cut : cut + SHORT_TEST])
    return (x[:cut], labels[:cut]), (x[cut:], labels[cut:])


def weather(days=14):
    """Windows of two weeks and the maximum temperature of the day after, in degrees Celsius.

    Returns: (x_train, y_train), (x_test, y_test); x (samples, days, features). The last year is for testing.
    """
    with open(DATA / "seattle-weather.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = ("precipitation", "temp_max", "temp_min", "wind")
    values = np.array([[float(row[n]) for n in names] for row in rows], "float32")
    season = 2 * np.pi * np.arange(len(rows)) / 365.25
    features = np.concatenate([values, np.sin(season)[:, None], np.cos(season)[:, None]], 1).astype("float32")
    cut = len(rows) - 365
    features = (features - features[:cut].mean(0)) / features[:cut].std(0)
    windows = np.stack([features[i : i + days] for i in range(len(rows) - days)])
    targets = values[days:, 1]
    return (windows[: cut - days], targets[: cut - days]), (windows[cut - days :], targets[cut - days :])
