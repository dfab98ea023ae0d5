// satisfies.mjs VERSION RANGE prints `yes`, `no` or `invalid`.
import { parseRange, parseVersion, satisfies } from './semver.mjs';

const [version, range] = [parseVersion(process.argv[2] ?? ''), parseRange(process.argv[3] ?? '')];
process.stdout.write(version === null || range === null ? 'invalid\n' : satisfies(version, range) ? 'yes\n' : 'no\n');
