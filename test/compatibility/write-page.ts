import { writeFileSync } from 'node:fs';
import { compatibilityPage, pagePath } from './compatibility-page.ts';

writeFileSync(pagePath, compatibilityPage());
