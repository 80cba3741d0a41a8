"""The sentiment of movie reviews with an Embedding and an LSTM.

Measured: 79.1 % of 1,057 snippets never seen right, area under the curve 0.860, after 3 epochs (stopped early).
"""

from common import SHORT, movie_reviews

import kerata as keras
from kerata import layers


def main():
    keras.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = movie_reviews()
    model = keras.Sequential(
        [
            keras.Input((40,), dtype="int32"),
            layers.Embedding(8000, 64, mask_zero=True),
            layers.SpatialDropout1D(0.4),
            layers.Bidirectional(layers.LSTM(32)),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy", metrics=["accuracy", "auc"])
    stop = keras.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True)
    model.fit(x_train, y_train, batch_size=64, epochs=1 if SHORT else 8, validation_split=0.1, callbacks=[stop])
    return model.evaluate(x_test, y_test, return_dict=True)


if __name__ == "__main__":
    print(main())
