"""What the peers share: the arguments that describe a network, its samples, and the line that reports an epoch."""
import argparse
import gzip
import json
import math
import os
import resource
import struct

import numpy


def arguments(description, variants):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--variant", choices=variants, default=variants[0])
    parser.add_argument("--layers", type=integers, default=[784, 1000, 1000, 1000, 10])
    parser.add_argument("--densities", type=floats, default=[0.0455, 0.04, 0.04, 1], help="one per weight layer")
    parser.add_argument("--slopes", type=floats, default=[-0.6, 0.6, -0.6], help="left slope of each hidden layer; 0 is ReLU")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--data", help="folder with IDX files; random samples without it")
    parser.add_argument("--samples", type=int, default=60000, help="number of random samples")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batches", type=int, help="end each epoch after so many minibatches")
    parser.add_argument("--warm-up", type=int, default=20, help="minibatches before the first epoch")
    parser.add_argument("--test", action="store_true", help="test after each epoch; needs --data")
    return parser.parse_args()


def integers(text):
    return [int(word) for word in text.split(",")]


def floats(text):
    return [float(word) for word in text.split(",")]


def read_idx(folder, name):
    for path, opener in ((os.path.join(folder, name + ".gz"), gzip.open), (os.path.join(folder, name), open)):
        if os.path.exists(path):
            with opener(path, "rb") as file:
                dimensions = struct.unpack(">I", file.read(4))[0] & 0xFF
                shape = struct.unpack(">" + "I" * dimensions, file.read(4 * dimensions))
                return numpy.frombuffer(file.read(), dtype=numpy.uint8).reshape(shape)
    raise SystemExit(f"{folder} has no {name} or {name}.gz")


class Samples:
    """Samples [rows, features], float32, standardised per feature with the statistics of the training part, and labels."""

    def __init__(self, options):
        self.folder = options.data
        if self.folder is None:
            generator = numpy.random.default_rng(1)
            shape = (options.samples, options.layers[0])
            images = generator.integers(0, 256, shape, dtype=numpy.uint8)
            self.labels = generator.integers(0, options.layers[-1], options.samples)
        else:
            images = read_idx(self.folder, "train-images-idx3-ubyte")
            self.labels = read_idx(self.folder, "train-labels-idx1-ubyte").astype(numpy.int64)
        self.mean, self.deviation = statistics(images.reshape(len(images), -1))
        self.rows = self.standardised(images)

    def test_part(self):
        images = read_idx(self.folder, "t10k-images-idx3-ubyte")
        return self.standardised(images), read_idx(self.folder, "t10k-labels-idx1-ubyte").astype(numpy.int64)

    def standardised(self, images):
        rows = images.reshape(len(images), -1).astype(numpy.float32)
        rows -= self.mean
        rows /= self.deviation
        return rows


def statistics(images):
    """Mean and deviation of each column, in strips: the whole in float64 would be eight times the images."""
    total = numpy.zeros(images.shape[1])
    squares = numpy.zeros(images.shape[1])
    for start in range(0, len(images), 1000):
        strip = images[start:start + 1000].astype(numpy.float64)
        total += strip.sum(axis=0)
        squares += (strip * strip).sum(axis=0)
    mean = total / len(images)
    deviation = numpy.sqrt(numpy.maximum(0, squares / len(images) - mean * mean))
    return mean.astype(numpy.float32), numpy.where(deviation > 0, deviation, 1).astype(numpy.float32)


def report(options, epoch, seconds, batches, loss, **more):
    """Times are of training alone: no loading, no test. peakMemoryBytes is of the whole process, its interpreter included."""
    if not math.isfinite(loss):
        raise SystemExit(f"The {options.variant} network diverged: its last loss is {loss}.")
    print(json.dumps({
        "variant": options.variant, "epoch": epoch, "seconds": round(seconds, 6), "batches": batches, "lastLoss": round(float(loss), 4),
        "threads": options.threads, "peakMemoryBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, **more,
    }), flush=True)
