// `node --import <this file> x.ts`: lets a child process of a test run our TypeScript, which Node 20 can't by itself.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
