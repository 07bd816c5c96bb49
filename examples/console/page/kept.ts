/** Choices of the user that outlast the page. Without a store they last as long as the page. */
export function kept(key: string): string | null {
  try {
    return localStorage.getItem(`iomux.${key}`);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`iomux.${key}`, value);
  } catch {
    // Private windows may have no store.
  }
}
