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
    ...(await checkPrograms()),
    await checkPythons(),
    await checkCompiler(),
    ...isolation,
    await checkCgroups(config.dataDir),
    await checkDynoDisk(sandbox),
    ...(await checkPlaces(config, needsPassage)),
  ];
}

/** What the platform can't start without, and what it does not find out and tell by itself when it starts. */
export async function examineForStart(config: Config): Promise<readonly Finding[]> {
  const { findings: isolation, needsPassage } = await checkIsolation(config, { isForStart: true });
  return [
    ...(await checkPrograms()),
    await checkCompiler(),
    ...isolation,
    ...(await checkPlaces(config, needsPassage)),
  ];
}

async function checkPrograms(): Promise<readonly Finding[]> {
  return [
    checkNode(),
    ...(await Promise.all([
      checkProgram('git', ['--version'], '2.30.0', ['git'], 'receive pushes'),
      checkProgram('bash', ['--version'], '5.0.0', ['bash'], 'run buildpacks and dynos'),
      checkProgram('tar', ['--version'], '1.28.0', ['tar'], 'unpack slugs'),
      checkProgram('python3', ['--version'], '3.9.0', ['python3'], 'build Python apps'),
    ])),
  ];
}

async function checkPlaces(config: Config, needsPassage: boolean): Promise<readonly Finding[]> {
  return [
    await checkDataFolder(config.dataDir, needsPassage),
    await checkDisk(config.dataDir),
    await checkPort(config),
  ];
}
