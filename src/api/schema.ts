import { publishedSchema } from './published.ts';
import { withNobody, type Routes } from './route.ts';

/** What of Heroku's schema this API is checked against. */
export const schemaRoutes: Routes = {
  'GET /schema': withNobody(() => publishedSchema()),
};
