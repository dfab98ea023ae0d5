import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { AppSetup } from '../../model/app-setup.ts';
import type { AccountId, AppId, AppName, AppSetupId, BuildId } from '../../model/ids.ts';
import { stateMachines, statesBefore } from '../../model/state-machines.ts';
import { fromJson, fromTime, toJson, toText, toTextOrNull, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import { noSuchStep } from '../no-such-step.ts';
import type { Schema } from '../schema.ts';
import type { AppSetupQueries } from '../store.ts';

export function appSetupQueries({ read, write }: Handle): AppSetupQueries {
  return {
    create: (setup) =>
      write(async (db) => {
        const now = toTime(new Date());
        const row = {
          id: randomUUID(),
          account_id: setup.accountId,
          app_id: setup.appId,
          app_name: setup.appName,
          status: 'pending',
          failure_message: null,
          manifest_errors: toJson([]),
          build_id: null,
          postdeploy_output: null,
          postdeploy_exit_code: null,
          success_url: null,
          created_at: now,
          updated_at: now,
        };
        await db.insertInto('app_setups').values(row).execute();
        return toAppSetup(row);
      }),
    update: (id, change) =>
      write(async (db) => {
        const update = db
          .updateTable('app_setups')
          .set({ ...toColumns(change), updated_at: toTime(new Date()) })
          .where('id', '=', id);
        const { status } = change;
        if (status === undefined) {
          await update.execute();
          return;
        }
        const allowed = update.where('status', 'in', statesBefore(stateMachines.appSetup, status));
        const { numUpdatedRows } = await allowed.executeTakeFirstOrThrow();
        if (numUpdatedRows > 0n) return;
        const found = await db.selectFrom('app_setups').select('status').where('id', '=', id).executeTakeFirst();
        if (found !== undefined) throw noSuchStep('appSetup', found.status, status);
      }),
    findById: async (id) => {
      const row = await read.selectFrom('app_setups').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toAppSetup(row);
    },
    listPending: async () => {
      const rows = await read
        .selectFrom('app_setups')
        .selectAll()
        .where('status', '=', 'pending')
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toAppSetup);
    },
  };
}

function toColumns(change: Parameters<AppSetupQueries['update']>[1]): Partial<Selectable<Schema['app_setups']>> {
  return {
    ...(change.status !== undefined && { status: change.status }),
    ...(change.failureMessage !== undefined && { failure_message: toTextOrNull(change.failureMessage) }),
    ...(change.manifestErrors !== undefined && { manifest_errors: toJson(change.manifestErrors.map(toText)) }),
    ...(change.buildId !== undefined && { build_id: change.buildId }),
    ...(change.postdeploy !== undefined && {
      postdeploy_output: toTextOrNull(change.postdeploy?.output ?? null),
      postdeploy_exit_code: change.postdeploy?.exitCode ?? null,
    }),
    ...(change.successUrl !== undefined && { success_url: toTextOrNull(change.successUrl) }),
  };
}

function toAppSetup(row: Selectable<Schema['app_setups']>): AppSetup {
  const { postdeploy_output: output, postdeploy_exit_code: exitCode } = row;
  return {
    id: row.id as AppSetupId,
    accountId: row.account_id as AccountId,
    appId: row.app_id as AppId,
    appName: row.app_name as AppName,
    status: row.status as AppSetup['status'],
    failureMessage: row.failure_message,
    manifestErrors: fromJson(row.manifest_errors) as readonly string[],
    buildId: row.build_id as BuildId | null,
    postdeploy: output === null || exitCode === null ? null : { output, exitCode },
    successUrl: row.success_url,
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
