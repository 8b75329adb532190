/** The new value after a change, together with the change's result. */
export interface Changed<T, R> {
  readonly value: T;
  readonly result: R;
}
