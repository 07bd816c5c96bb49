/** What outlasts the page. Without a store it lasts as long as the page. */

/** A choice of the user, for all windows. */
export function kept(key: string): string | null {
  return read(() => localStorage, key);
}

export function keep(key: string, value: string): void {
  write(() => localStorage, key, value);
}

/** What is for this window: it is there again when the page is loaded again. */
export function keptInWindow(key: string): string | null {
  return read(() => sessionStorage, key);
}

/** Null: forget it. */
export function keepInWindow(key: string, value: string | null): void {
  write(() => sessionStorage, key, value);
}

function read(store: () => Storage, key: string): string | null {
  try {
    return store().getItem(`iomux.${key}`);
  } catch {
    return null;
  }
}

function write(store: () => Storage, key: string, value: string | null): void {
  try {
    if (value === null) store().removeItem(`iomux.${key}`);
    else store().setItem(`iomux.${key}`, value);
  } catch {
    // Private windows may have no store.
  }
}
