#!/usr/bin/python3
"""Sparse Evolutionary Training of a multilayer perceptron with SciPy and Numba.

A minimal trainer as the literature builds them (SET, arXiv 1707.04780; arXiv 2102.01732), written from the description of the method:
weights are SciPy CSR matrices [input, output], forward and input gradient are SciPy's sparse products, the weight gradient is a compiled
loop over the existing connections, and after each epoch the connections closest to zero move to random free cells.
Unlike the published trainers it keeps all numbers in float32, which is faster.
"""
import time

import numba
import numpy
import scipy
from scipy import sparse

import network


@numba.njit(parallel=True, fastmath=True, cache=False)
def weight_gradient(activations, delta, rows, columns, gradient):
    """gradient[k] = mean over the samples of activations[:, rows[k]] * delta[:, columns[k]]"""
    samples = activations.shape[0]
    for k in numba.prange(len(gradient)):
        total = numba.float32(0)
        for sample in range(samples):
            total += activations[sample, rows[k]] * delta[sample, columns[k]]
        gradient[k] = total / samples


class Layer:
    def __init__(self, inputs, outputs, density, random):
        self.bound = (6 / inputs) ** 0.5
        # A uniform number per cell, strip by strip: where it is below the density there is a connection.
        strips = [random.random((min(256, inputs - at), outputs)) < density for at in range(0, inputs, 256)]
        rows, columns = numpy.nonzero(numpy.concatenate(strips))
        values = random.uniform(-self.bound, self.bound, len(rows)).astype(numpy.float32)
        self.connect(rows, columns, values, numpy.zeros_like(values), (inputs, outputs))
        self.bias = numpy.zeros(outputs, numpy.float32)
        self.bias_momentum = numpy.zeros(outputs, numpy.float32)

    def connect(self, rows, columns, values, momentum, shape):
        """Takes connections in row order."""
        starts = numpy.concatenate([[0], numpy.bincount(rows, minlength=shape[0]).cumsum()])
        self.weights = sparse.csr_matrix((values, columns.astype(numpy.int32), starts.astype(numpy.int32)), shape=shape)
        self.rows, self.columns, self.momentum = rows.astype(numpy.int32), self.weights.indices, momentum
        self.gradient = numpy.empty_like(values)

    def update(self, activations, delta, options):
        weight_gradient(activations, delta, self.rows, self.columns, self.gradient)
        self.momentum *= options.momentum
        self.momentum -= options.rate * self.gradient
        self.weights.data += self.momentum
        self.bias_momentum *= options.momentum
        self.bias_momentum -= options.rate * delta.mean(axis=0)
        self.bias += self.bias_momentum

    def evolve(self, share, random):
        """Drops the share of the negatives and of the positives that is closest to zero, and grows as many elsewhere."""
        values, shape = self.weights.data, self.weights.shape
        keep = numpy.ones(len(values), bool)
        for sign in (values < 0, values >= 0):
            of_sign = numpy.flatnonzero(sign)
            drop = int(share * len(of_sign))
            if drop > 0:
                keep[of_sign[numpy.argpartition(abs(values[of_sign]), drop - 1)[:drop]]] = False
        cells = (self.rows.astype(numpy.int64) * shape[1] + self.columns)[keep]
        grown = numpy.empty(0, numpy.int64)
        missing = len(values) - len(cells)
        while missing > 0:
            drawn = numpy.unique(random.integers(0, shape[0] * shape[1], missing))
            drawn = drawn[~numpy.isin(drawn, cells) & ~numpy.isin(drawn, grown)]
            grown = numpy.concatenate([grown, drawn])
            missing -= len(drawn)
        fresh = random.uniform(-self.bound, self.bound, len(grown)).astype(numpy.float32)
        order = numpy.argsort(numpy.concatenate([cells, grown]), kind="stable")
        cells = numpy.concatenate([cells, grown])[order]
        values = numpy.concatenate([values[keep], fresh])[order]
        momentum = numpy.concatenate([self.momentum[keep], numpy.zeros_like(fresh)])[order]
        self.connect(cells // shape[1], cells % shape[1], values, momentum, shape)


class Network:
    def __init__(self, options, random):
        self.options, self.random = options, random
        widths = zip(options.layers, options.layers[1:], options.densities)
        self.layers = [Layer(inputs, outputs, density, random) for inputs, outputs, density in widths]

    def forward(self, x, training):
        """Activations of every layer, and what each hidden one multiplies its gradient with."""
        activations, slopes = [x], []
        for index, layer in enumerate(self.layers):
            x = x @ layer.weights + layer.bias
            if index < len(self.layers) - 1:
                slope = numpy.where(x < 0, numpy.float32(self.options.slopes[index]), numpy.float32(1))
                x *= slope
                if training and self.options.dropout > 0:
                    kept = self.random.random(x.shape, dtype=numpy.float32) >= self.options.dropout
                    factor = kept * numpy.float32(1 / (1 - self.options.dropout))
                    x *= factor
                    slope *= factor
                slopes.append(slope)
            activations.append(x)
        return activations, slopes

    def step(self, x, labels):
        activations, slopes = self.forward(x, training=True)
        delta, loss = softmax_gradient(activations[-1], labels)
        for index in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[index]
            below = (delta @ layer.weights.T) * slopes[index - 1] if index > 0 else None
            layer.update(activations[index], delta, self.options)
            delta = below
        return loss

    def accuracy(self, rows, labels):
        right = 0
        for at in range(0, len(rows), 1000):
            right += int((self.forward(rows[at:at + 1000], training=False)[0][-1].argmax(axis=1) == labels[at:at + 1000]).sum())
        return right / len(rows)


def softmax_gradient(logits, labels):
    likelihood = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    likelihood /= likelihood.sum(axis=1, keepdims=True)
    at = numpy.arange(len(labels)), labels
    loss = -numpy.log(numpy.maximum(likelihood[at], 1e-7)).mean()
    likelihood[at] -= 1
    return likelihood, loss


def epoch(data, model, options, batches):
    order = model.random.permutation(len(data.rows))
    loss = 0
    start = time.perf_counter()
    for batch in range(batches):
        rows = order[batch * options.batch:(batch + 1) * options.batch]
        loss = model.step(data.rows[rows], data.labels[rows])
    return time.perf_counter() - start, loss


def main():
    options = network.arguments(__doc__.splitlines()[0], ["set"])
    numba.set_num_threads(options.threads)
    data = network.Samples(options)
    model = Network(options, numpy.random.default_rng(1))
    whole = len(data.rows) // options.batch
    epoch(data, model, options, max(1, min(options.warm_up, whole)))
    batches = min(options.batches or whole, whole)
    for number in range(1, options.epochs + 1):
        seconds, loss = epoch(data, model, options, batches)
        more = {"testAccuracy": model.accuracy(*data.test_part())} if options.test else {}
        start = time.perf_counter()
        for layer in model.layers[:-1]:
            layer.evolve(0.3, model.random)
        more["evolutionSeconds"] = round(time.perf_counter() - start, 6)
        network.report(options, number, seconds, batches, loss, scipy=scipy.__version__, numba=numba.__version__, **more)


main()
