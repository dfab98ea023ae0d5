import type { Config } from '../../config/index.ts';
import { checkCgroups } from './check-cgroups.ts';
import { checkDataFolder, checkDisk } from './check-data-folder.ts';
import { checkIsolation } from './check-isolation.ts';
import { checkDynoDisk } from './check-dyno-disk.ts';
import { checkPort } from './check-port.ts';
import { checkCompiler, checkNode, checkProgram } from './check-programs.ts';
import { checkPythons } from './check-pythons.ts';
import type { Finding } from './finding.ts';

/** Everything that the platform needs or can use, in the order in which a reader wants to know it. */
export async function examineMachine(config: Config): Promise<readonly Finding[]> {
  const { findings: isolation, needsPassage, sandbox } = await checkIsolation(config);
  return [
    checkNode(),
    await checkProgram('git', ['--version'], '2.30.0', ['git'], 'receive pushes'),
    await checkProgram('bash', ['--version'], '5.0.0', ['bash'], 'run buildpacks and dynos'),
    await checkProgram('tar', ['--version'], '1.28.0', ['tar'], 'unpack slugs'),
    await checkProgram('python3', ['--version'], '3.9.0', ['python3'], 'build Python apps'),
    await checkPythons(),
    await checkCompiler(),
    ...isolation,
    await checkCgroups(config.dataDir),
    await checkDynoDisk(sandbox),
    await checkDataFolder(config.dataDir, needsPassage),
    await checkDisk(config.dataDir),
    await checkPort(config),
  ];
}
