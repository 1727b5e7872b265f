export const mostDrawn = 64;

/**
 * Epochs whose statistics the charts draw, evenly spaced from the first. Each costs a request, so a long run is drawn at every
 * second, fourth, eighth … epoch: powers of two, so that what was read before a run grew longer still fits.
 */
export function drawnEpochs(epochsDone: number, most = mostDrawn): number[] {
  const stride = 2 ** Math.max(0, Math.ceil(Math.log2(epochsDone / most)));
  return Array.from({ length: Math.ceil(epochsDone / stride) }, (_, index) => 1 + index * stride);
}
