/** What stands before and after Heroku's `Push failed`. */
export interface Words {
  readonly before: readonly string[];
  readonly after: readonly string[];
}
