// SPDX-License-Identifier: Apache-2.0
import type { ChangeService } from '../../api/change-service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { type Document, type DocumentValue, documentName } from '../../plan/document.ts';

/** The documents that hold now; none where nothing was ever applied, and nothing is started to find out. */
export async function currentDocuments(
  service: Pick<ChangeService, 'changeStatus' | 'revision'>,
): Promise<readonly Document[]> {
  const { revision } = await service.changeStatus(THIS_NODE);
  if (revision === 0) return [];
  const { bytes } = await service.revision(THIS_NODE, revision);
  const { content } = JSON.parse(new TextDecoder().decode(bytes)) as { content: readonly DocumentValue[] };
  return content.map((value) => ({
    name: documentName(value.kind, value.metadata.name, value.metadata.namespace),
    value,
  }));
}
