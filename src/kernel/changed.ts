/** What a change has made, and what it has to tell beside the value. */
export interface Changed<T, R> {
  readonly value: T;
  readonly result: R;
}
