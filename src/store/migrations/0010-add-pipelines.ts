import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../dialects/database.ts';

/** Pipelines, the apps in their stages, the stages' config vars, promotions and review apps. */
export async function addPipelines(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('pipelines')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('name', 'text', (col) => col.notNull())
    .addColumn('owner_id', 'text', (col) => col.notNull().references('accounts.id'))
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .addUniqueConstraint('pipelines_by_owner', ['owner_id', 'name'])
    .execute();
  await db.schema
    .createTable('pipeline_couplings')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('pipeline_id', 'text', (col) => col.notNull().references('pipelines.id').onDelete('cascade'))
    .addColumn('app_id', 'text', (col) => col.notNull().unique().references('apps.id').onDelete('cascade'))
    .addColumn('stage', 'text', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema
    .createIndex('pipeline_couplings_by_pipeline')
    .on('pipeline_couplings')
    .column('pipeline_id')
    .execute();
  await db.schema
    .createTable('pipeline_config_vars')
    .addColumn('pipeline_id', 'text', (col) => col.notNull().references('pipelines.id').onDelete('cascade'))
    .addColumn('stage', 'text', (col) => col.notNull())
    .addColumn('config_vars', types.bytes, (col) => col.notNull())
    .addPrimaryKeyConstraint('pipeline_config_vars_key', ['pipeline_id', 'stage'])
    .execute();
  await addPromotions(db);
  await addReviewApps(db);
}

/** They name apps and releases that may be gone. */
async function addPromotions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('pipeline_promotions')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('pipeline_id', 'text', (col) => col.notNull().references('pipelines.id').onDelete('cascade'))
    .addColumn('source_app_id', 'text', (col) => col.notNull())
    .addColumn('source_release_id', 'text', (col) => col.notNull())
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema
    .createIndex('pipeline_promotions_by_pipeline')
    .on('pipeline_promotions')
    .column('pipeline_id')
    .execute();
  await db.schema
    .createTable('promotion_targets')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('promotion_id', 'text', (col) => col.notNull().references('pipeline_promotions.id').onDelete('cascade'))
    .addColumn('place', 'integer', (col) => col.notNull())
    .addColumn('app_id', 'text', (col) => col.notNull())
    .addColumn('release_id', 'text', (col) => col.notNull())
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('error_message', 'text')
    .addUniqueConstraint('promotion_targets_by_promotion', ['promotion_id', 'place'])
    .execute();
  await db.schema.createIndex('promotion_targets_by_status').on('promotion_targets').column('status').execute();
}

/** They, too, name apps that may be gone. */
async function addReviewApps(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('review_apps')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('pipeline_id', 'text', (col) => col.notNull().references('pipelines.id').onDelete('cascade'))
    .addColumn('app_id', 'text', (col) => col.notNull())
    .addColumn('app_setup_id', 'text', (col) => col.notNull())
    .addColumn('creator_id', 'text', (col) => col.notNull())
    .addColumn('branch', 'text', (col) => col.notNull())
    .addColumn('pr_number', 'integer')
    .addColumn('created_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('review_apps_by_pipeline').on('review_apps').column('pipeline_id').execute();
  await db.schema.createIndex('review_apps_by_app').on('review_apps').column('app_id').execute();
  await db.schema
    .createTable('review_app_configs')
    .addColumn('pipeline_id', 'text', (col) => col.primaryKey().references('pipelines.id').onDelete('cascade'))
    .addColumn('repo', 'text', (col) => col.notNull())
    .addColumn('base_name', 'text')
    .execute();
}
