// A gate: a promise that the test opens, so that scripts wait for events instead of sleeping.

/** `passed` resolves once `open` was called. */
export class Gate {
  readonly passed: Promise<void>;
  #open: () => void = () => {};

  constructor() {
    this.passed = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  /** Lets everybody through, now and later. */
  open(): void {
    this.#open();
  }
}
