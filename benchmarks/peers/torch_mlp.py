#!/usr/bin/python3
"""One epoch of the Fashion-MNIST network of deploy/examples/fashion-mnist.json in PyTorch, dense and masked.

The same work as `sparse train` does: 784-1000-1000-1000-10, All-ReLU 0.6, dropout 0.3, softmax cross-entropy, SGD with momentum,
minibatches of 128, inputs standardised, samples shuffled anew each epoch. "masked" keeps a fixed Erdos-Renyi pattern of the same
density: weights are multiplied by their mask after each step, which is the cheapest exact way (momentum of masked weights has no effect).

Prints one JSON object a line. Times are of training alone: no loading, no test.
"""
import argparse
import gzip
import json
import os
import struct
import time

import numpy
import torch
import torch.nn.functional as functional

LAYERS = [784, 1000, 1000, 1000, 10]
EPSILON = 20
ALPHA = 0.6
DROPOUT = 0.3
BATCH = 128


def read_idx(folder, name):
    for path, opener in ((os.path.join(folder, name + ".gz"), gzip.open), (os.path.join(folder, name), open)):
        if os.path.exists(path):
            with opener(path, "rb") as file:
                dimensions = struct.unpack(">I", file.read(4))[0] & 0xFF
                shape = struct.unpack(">" + "I" * dimensions, file.read(4 * dimensions))
                return numpy.frombuffer(file.read(), dtype=numpy.uint8).reshape(shape)
    raise SystemExit(f"{folder} has no {name} or {name}.gz")


def load(folder):
    """Samples [60000, 784], standardised per feature, and labels; random ones of the same shape without a folder."""
    if folder is None:
        generator = numpy.random.default_rng(1)
        samples = generator.integers(0, 256, (60000, 784)).astype(numpy.float32)
        labels = generator.integers(0, 10, 60000)
    else:
        samples = read_idx(folder, "train-images-idx3-ubyte").reshape(-1, 784).astype(numpy.float32)
        labels = read_idx(folder, "train-labels-idx1-ubyte").astype(numpy.int64)
    deviation = samples.std(axis=0)
    samples = (samples - samples.mean(axis=0)) / numpy.where(deviation > 0, deviation, 1)
    return torch.from_numpy(samples.astype(numpy.float32)), torch.from_numpy(labels.astype(numpy.int64))


def create(masked):
    weights, biases, masks = [], [], []
    for inputs, outputs in zip(LAYERS, LAYERS[1:]):
        bound = (6 / inputs) ** 0.5
        density = min(1.0, EPSILON * (inputs + outputs) / (inputs * outputs)) if masked else 1.0
        mask = (torch.rand(outputs, inputs) < density).float()
        weights.append(((torch.rand(outputs, inputs) * 2 - 1) * bound * mask).requires_grad_())
        biases.append(torch.zeros(outputs, requires_grad=True))
        masks.append(mask)
    return weights, biases, masks


def forward(x, weights, biases):
    last = len(weights) - 1
    for layer, (weight, bias) in enumerate(zip(weights, biases)):
        x = functional.linear(x, weight, bias)
        if layer < last:
            # Hidden layers 1, 2, 3 have left slopes -alpha, +alpha, -alpha.
            x = functional.dropout(functional.leaky_relu(x, -ALPHA if layer % 2 == 0 else ALPHA), DROPOUT)
    return x


def epoch(samples, labels, weights, biases, masks, optimizer, masked, batches):
    order = torch.randperm(len(samples))
    start = time.perf_counter()
    loss = None
    for batch in range(batches):
        rows = order[batch * BATCH:(batch + 1) * BATCH]
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(forward(samples[rows], weights, biases), labels[rows])
        loss.backward()
        optimizer.step()
        if masked:
            with torch.no_grad():
                for weight, mask in zip(weights, masks):
                    weight.mul_(mask)
    return time.perf_counter() - start, float(loss)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with the IDX files; random data of the same shape without it")
    parser.add_argument("--variant", choices=["dense", "masked"], default="masked")
    parser.add_argument("--epochs", type=int, default=1)
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(1)
    samples, labels = load(arguments.data)
    masked = arguments.variant == "masked"
    weights, biases, masks = create(masked)
    optimizer = torch.optim.SGD(weights + biases, lr=0.01, momentum=0.9)
    epoch(samples, labels, weights, biases, masks, optimizer, masked, 20)
    for number in range(1, arguments.epochs + 1):
        seconds, loss = epoch(samples, labels, weights, biases, masks, optimizer, masked, len(samples) // BATCH)
        print(json.dumps({
            "variant": arguments.variant, "epoch": number, "seconds": round(seconds, 4), "lastLoss": round(loss, 4),
            "torch": torch.__version__, "coretype": os.environ.get("OPENBLAS_CORETYPE", ""), "threads": torch.get_num_threads(),
        }), flush=True)


main()
