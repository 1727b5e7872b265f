/** A name for one request, so that sending it twice does it once. (crypto.randomUUID is missing on pages that came by plain http.) */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
}
