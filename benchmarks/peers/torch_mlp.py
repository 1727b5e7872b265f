#!/usr/bin/python3
"""Training epochs of a multilayer perceptron in PyTorch: dense, masked, and with torch.sparse_csr.

The same work as `sparse train` does, without evolution: forward, softmax cross-entropy, backward, SGD with momentum; left-sloped
activations, dropout, standardised inputs, samples shuffled anew each epoch. The variants:

dense      weights, gradients and momentum of every cell.
masked     dense weights times a fixed Erdos-Renyi mask after each step, as trainers with masks do it. This is the cheapest exact way:
           masked weights stay 0, and what their momentum holds has no effect.
csr        weights are torch.sparse_csr tensors, activations are [sample, neuron] as everywhere in PyTorch, gradients come from
           PyTorch's own autograd. PyTorch 1.13 returns the gradient of a CSR weight dense; only its stored cells are used.
csr-tuned  the best that we found with the same tensors: activations [neuron, sample], a second CSR tensor for the transpose (its
           values are gathered anew each step), torch.sparse.sampled_addmm for the weight gradient, in an autograd.Function of our own.
"""
import os
import time
import warnings

import torch
import torch.nn.functional as functional

import network

VARIANTS = ["dense", "masked", "csr", "csr-tuned"]


def activated(x, layer, options):
    return functional.dropout(functional.leaky_relu(x, options.slopes[layer]), options.dropout)


def first_weight(options, layer):
    inputs, outputs = options.layers[layer], options.layers[layer + 1]
    mask = (torch.rand(outputs, inputs) < options.densities[layer]).float()
    return (torch.rand(outputs, inputs) * 2 - 1) * (6 / inputs) ** 0.5, mask


class DenseNetwork:
    def __init__(self, options):
        self.options = options
        self.masked = options.variant == "masked"
        drawn = [first_weight(options, layer) for layer in range(len(options.layers) - 1)]
        self.masks = [mask for _, mask in drawn] if self.masked else []
        self.weights = [(weight * mask if self.masked else weight).requires_grad_() for weight, mask in drawn]
        self.biases = [torch.zeros(width, requires_grad=True) for width in options.layers[1:]]
        self.optimizer = torch.optim.SGD(self.weights + self.biases, lr=options.rate, momentum=options.momentum)

    def loss(self, x, labels):
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            x = functional.linear(x, weight, bias)
            x = activated(x, layer, self.options) if layer < len(self.options.slopes) else x
        return functional.cross_entropy(x, labels)

    def clear(self):
        self.optimizer.zero_grad(set_to_none=True)

    def update(self):
        self.optimizer.step()
        with torch.no_grad():
            for weight, mask in zip(self.weights, self.masks):
                weight.mul_(mask)


class CsrWeight:
    """A stored pattern with values, momentum, and what both variants need to find a cell again."""

    def __init__(self, weight, mask):
        csr = (weight * mask).to_sparse_csr()
        self.pattern = csr.crow_indices(), csr.col_indices(), csr.shape
        self.values = csr.values().clone()
        self.momentum = torch.zeros_like(self.values)
        rows = torch.repeat_interleave(torch.arange(csr.shape[0]), csr.crow_indices().diff())
        self.cells = rows * csr.shape[1] + csr.col_indices()
        self.order = torch.argsort(csr.col_indices() * csr.shape[0] + rows)
        starts = torch.bincount(csr.col_indices(), minlength=csr.shape[1]).cumsum(0)
        self.transposed = torch.cat([torch.zeros(1, dtype=torch.int64), starts]), rows[self.order], csr.shape[::-1]
        self.gradient = None
        self.leaf = None

    def tensor(self):
        return torch.sparse_csr_tensor(self.pattern[0], self.pattern[1], self.values, self.pattern[2])

    def transpose(self):
        return torch.sparse_csr_tensor(self.transposed[0], self.transposed[1], self.values[self.order], self.transposed[2])

    def update(self, options):
        if self.leaf is not None:
            self.gradient = self.leaf.grad.reshape(-1)[self.cells]
        self.momentum.mul_(options.momentum).add_(self.gradient, alpha=-options.rate)
        self.values.add_(self.momentum)


class SampledProduct(torch.autograd.Function):
    """y = W x on [neuron, sample] with dW on the stored cells only."""

    @staticmethod
    def forward(context, x, handle, weight):
        context.weight, context.tensor, context.inputs = weight, weight.tensor(), x
        return context.tensor @ x

    @staticmethod
    def backward(context, delta):
        delta = delta.contiguous()
        context.weight.gradient = torch.sparse.sampled_addmm(context.tensor, delta, context.inputs.T, beta=0).values()
        return (context.weight.transpose() @ delta if context.needs_input_grad[0] else None), None, None


class CsrNetwork:
    def __init__(self, options):
        self.options = options
        self.tuned = options.variant == "csr-tuned"
        self.weights = [CsrWeight(*first_weight(options, layer)) for layer in range(len(options.layers) - 1)]
        shape = (lambda width: (width, 1)) if self.tuned else (lambda width: (width,))
        self.biases = [torch.zeros(shape(width), requires_grad=True) for width in options.layers[1:]]
        self.optimizer = torch.optim.SGD(self.biases, lr=options.rate, momentum=options.momentum)
        # Without an input that asks for a gradient autograd would never call the first layer's backward.
        self.handle = torch.zeros(1, requires_grad=True)

    def loss(self, x, labels):
        x = x.T.contiguous() if self.tuned else x
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            if self.tuned:
                x = SampledProduct.apply(x, self.handle, weight) + bias
            else:
                weight.leaf = weight.tensor().requires_grad_()
                x = (weight.leaf @ x.T).T + bias
            x = activated(x, layer, self.options) if layer < len(self.options.slopes) else x
        return functional.cross_entropy(x.T if self.tuned else x, labels)

    def clear(self):
        self.optimizer.zero_grad(set_to_none=True)

    def update(self):
        self.optimizer.step()
        with torch.no_grad():
            for weight in self.weights:
                weight.update(self.options)


def epoch(samples, labels, model, options, batches):
    order = torch.randperm(len(samples))
    loss = None
    start = time.perf_counter()
    for batch in range(batches):
        rows = order[batch * options.batch:(batch + 1) * options.batch]
        model.clear()
        loss = model.loss(samples[rows], labels[rows])
        loss.backward()
        model.update()
    return time.perf_counter() - start, loss.detach()


def main():
    options = network.arguments(__doc__.splitlines()[0], VARIANTS)
    warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    data = network.Samples(options)
    samples, labels = torch.from_numpy(data.rows), torch.from_numpy(data.labels)
    model = CsrNetwork(options) if options.variant.startswith("csr") else DenseNetwork(options)
    whole = len(samples) // options.batch
    epoch(samples, labels, model, options, max(1, min(options.warm_up, whole)))
    batches = min(options.batches or whole, whole)
    for number in range(1, options.epochs + 1):
        seconds, loss = epoch(samples, labels, model, options, batches)
        network.report(
            options, number, seconds, batches, loss, torch=torch.__version__, coretype=os.environ.get("OPENBLAS_CORETYPE", ""))


main()
