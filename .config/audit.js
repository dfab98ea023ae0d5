import { spawnSync } from 'node:child_process';

/**
 * Fails for what the registry knows to be a high or critical weakness of what is installed with Hokku. A registry that can't
 * be asked (mirrors often have no such endpoint) is said, and fails nothing: it says nothing about the dependencies.
 */
const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json', '--fetch-retries=1'], {
  encoding: 'utf8',
  timeout: 90_000,
  maxBuffer: 64 * 1024 * 1024,
});

/** What the registry answered; null when it is not the report of an audit. */
function parseReport() {
  try {
    const report = JSON.parse(stdout);
    return typeof report.metadata?.vulnerabilities?.total === 'number' ? report : null;
  } catch {
    return null;
  }
}

/** In the words of npm, without addresses. */
function reason() {
  if (error !== undefined) return error.message;
  const told = /"statusCode":\s*(\d+)/.exec(stdout)?.[1];
  return told === undefined ? 'no report came' : `it answered ${told}`;
}

const report = parseReport();
if (report === null) {
  console.log(`audit: the registry could not be asked (${reason()}); nothing is known of the dependencies.`);
} else {
  const bad = Object.values(report.vulnerabilities).filter(({ severity }) => ['high', 'critical'].includes(severity));
  for (const { name, severity, range, via } of bad) {
    const titles = via.map((each) => (typeof each === 'string' ? each : `${each.title} ${each.url}`));
    console.log(`audit: ${severity}: ${name} ${range}: ${titles.join('; ')}`);
  }
  const { total } = report.metadata.vulnerabilities;
  console.log(`audit: ${bad.length} high or critical, ${total} in all, of production dependencies.`);
  process.exitCode = bad.length === 0 ? 0 : 1;
}
