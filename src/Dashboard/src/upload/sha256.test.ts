import { describe, expect, it } from "vitest";
import { Sha256 } from "./sha256";

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 255);

describe("Sha256", () => {
  // Made with Python's hashlib.
  it.each([
    [0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    [1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"],
    [55, "576a1bf8d4478657e6dc4af9398544765c2a92cde28478b019235cfed315fc09"],
    [56, "9b20501dfd1d99161c257950f3444f3e49230c351c5c8e0943ef369f85f5205d"],
    [63, "30b345906b493f06f69444b6521113511c242f30e29840462950035043682f1e"],
    [64, "d8bc63b4fc1156e5e7d95a418b9bf54cd3174bedbc2db40f74895349b229b3c0"],
    [65, "1ee23b0fbcaecc1aff4a9e8f1645f35ab2c8e13609cd73b68df8b5e3f63ce073"],
    [119, "7a6589821178918ca8d9edaba5abfc1e9b2669564f4469b66885379c1530b2c8"],
    [120, "655250427d56b1b0eeb8497d21428704273458a01772d6881b65c0abac0f8a98"],
    [128, "54c9eb041badfd7064645067b107661fed6113197ce2dd066ba69618abd3732f"],
    [100001, "7377bd9a05774b2d5f18e32420ecdd089bea3b1222c2f991e35dff89be109bd2"],
  ])("hashes %i bytes as others do, in whatever pieces they come", (length, wanted) => {
    const all = bytes(length);
    expect(new Sha256().update(all).digest()).toBe(wanted);
    const pieces = new Sha256();
    for (let at = 0, size = 1; at < length; at += size, size = ((size * 3) % 97) + 1) {
      pieces.update(all.subarray(at, Math.min(length, at + size)));
    }
    expect(pieces.digest()).toBe(wanted);
  });
});
