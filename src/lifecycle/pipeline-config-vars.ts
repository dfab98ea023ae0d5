import { applyPatch, type ConfigVarsPatch } from '../config-vars/index.ts';
import type { PipelineId } from '../model/ids.ts';
import type { PipelineStage } from '../model/pipeline.ts';
import type { ConfigVars } from '../model/release.ts';
import type { Platform } from './platform.ts';

/** Of apps that are made in this stage of the pipeline. */
export async function readPipelineConfig(
  id: PipelineId,
  stage: PipelineStage,
  platform: Platform,
): Promise<ConfigVars> {
  return open(id, stage, await platform.store.pipelines.readConfig(id, stage), platform);
}

/** The vars after the patch. Throws `invalid_params`; see applyPatch. */
export function changePipelineConfig(
  id: PipelineId,
  stage: PipelineStage,
  patch: ConfigVarsPatch,
  platform: Platform,
): Promise<ConfigVars> {
  return platform.store.transaction(async (tx) => {
    const before = open(id, stage, await tx.pipelines.readConfig(id, stage), platform);
    const { vars } = applyPatch(before, patch);
    await tx.pipelines.writeConfig(id, stage, platform.secretBox.seal(contextOf(id, stage), JSON.stringify(vars)));
    return vars;
  });
}

function open(id: PipelineId, stage: PipelineStage, sealed: Uint8Array | null, platform: Platform): ConfigVars {
  if (sealed === null) return {};
  return JSON.parse(platform.secretBox.open(contextOf(id, stage), sealed)) as ConfigVars;
}

const contextOf = (id: PipelineId, stage: PipelineStage): string => `pipeline-config-vars:${id}:${stage}`;
