export { applyPatch, type ConfigVarsPatch } from './apply-patch.ts';
export { openConfigVars, type ConfigVarsBox } from './open-config-vars.ts';
