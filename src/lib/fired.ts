/** Resolves when the signal fires, at once if it has; its listener goes when `over` fires. Never rejects. */
export function fired(signal: AbortSignal, over?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true, ...(over === undefined ? {} : { signal: over }) },
    );
  });
}
