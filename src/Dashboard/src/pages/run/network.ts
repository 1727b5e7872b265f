import type { RunSpec } from "../../api/types";

/** Connections that the dense twin of the network has. */
export function denseConnections(spec: RunSpec): number {
  const { layers } = spec.training.network;
  return layers.slice(1).reduce((sum, outputs, index) => sum + outputs * (layers[index] ?? 0), 0);
}
