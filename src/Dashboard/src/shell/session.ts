const storageKey = "sparse.key";
const startForm = /^#\/?start=(st_[A-Za-z0-9_-]{20,100})$/;
const keyForm = /^sk_[A-Za-z0-9_-]{20,100}$/;

/** The key that the page works with, from this tab or from this browser. */
export function storedKey(): string | null {
  return sessionStorage.getItem(storageKey) ?? localStorage.getItem(storageKey);
}

/** @param keep True: also for other tabs and after the browser was closed. */
export function storeKey(key: string, keep: boolean): void {
  forgetKey();
  (keep ? localStorage : sessionStorage).setItem(storageKey, key);
}

export function forgetKey(): void {
  sessionStorage.removeItem(storageKey);
  localStorage.removeItem(storageKey);
}

export const looksLikeKey = (text: string): boolean => keyForm.test(text);

/**
 * Takes the token out of the link that the service prints when it starts, `/#start=st_…`. It stood behind the #, which no browser sends
 * to a server; now it goes from the address bar and the history too.
 */
export function takeStartToken(): string | null {
  const token = startForm.exec(window.location.hash)?.[1] ?? null;
  if (token !== null) {
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
  }
  return token;
}
