import type { SourceBlob } from '../model/build.ts';
import { invalidField, objectField, stringField, type JsonObject } from './body.ts';

/** Parses `source_blob` of a build or an app setup. */
export function sourceBlobField(body: JsonObject): SourceBlob {
  const blob = objectField(body, 'source_blob');
  const url = blob === undefined ? undefined : stringField(blob, 'url', 4000);
  if (blob === undefined || url === undefined) {
    throw invalidField('source_blob', 'must be an object with the url of a gzipped tarball');
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw invalidField('source_blob.url', 'must be an https URL, or the get_url of a source (POST /sources)');
  }
  return {
    url,
    checksum: checksumField(blob),
    version: lineField(blob, 'version', 200),
    versionDescription: lineField(blob, 'version_description', 1000),
  };
}

/** `SHA256:<64 hex digits>`; null when there is none. */
export function checksumField(body: JsonObject): string | null {
  const checksum = stringField(body, 'checksum');
  if (checksum === undefined) return null;
  const hex = /^SHA256:([0-9a-f]{64})$/i.exec(checksum)?.[1];
  if (hex === undefined) throw invalidField('checksum', 'must be SHA256: and 64 hex digits');
  return hex.toLowerCase();
}

/** Of control characters only the line end is usual in the description of a commit, and means nothing here. */
export function lineField(body: JsonObject, name: string, maxLength: number): string | null {
  const value = stringField(body, name, maxLength);
  return value === undefined ? null : value.replaceAll(/\p{Cc}+/gu, ' ').trim();
}
