import { Modal } from '@mantine/core';
import { IconTemplate } from '@tabler/icons-react';
import { useState } from 'react';
import { moment } from '../api/format.js';
import { useList, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { aboutWords, ofTemplate, TEMPLATES, type Template } from '../api/templates.js';
import { Problem } from './form.js';
import { JobDrawer } from './job-drawer.js';
import { NewJob } from './new-job.js';
import { RowButton } from './row-button.js';
import { ListPage, OpenRow, Table } from './table.js';
import { TemplateForm } from './template-form.js';
import { useNow } from './use-now.js';

/** What stations of a vendor, model and firmware are set to. */
export function TemplatesPage() {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const [shown, setShown] = useState<Template | 'new'>();
  const [applied, setApplied] = useState<Template>();
  const [jobId, setJobId] = useState<string>();
  const templates = useList<Template>('device-model', `${TEMPLATES}?limit=50`);
  const retire = useWrite(['device-model'], ({ templateId }: Template) => api.delete(ofTemplate(templateId)));
  const mayChange = me.role === 'admin';
  const mayApply = me.role !== 'viewer';
  return (
    <ListPage title="Templates" add={mayChange ? { label: 'New template', onAdd: () => setShown('new') } : undefined}>
      <Problem error={retire.error} />
      <Table
        name="Templates"
        columns={['Template', 'Name', 'About', 'Says', 'Changed', ...(mayApply ? ['Change'] : [])]}
        query={templates}
        empty={{
          icon: <IconTemplate size={32} aria-hidden />,
          title: 'No template yet',
          words: 'A template says what stations of a vendor, model and firmware are set to, what they watch, and whom they trust.',
        }}
      >
        {templates.rows.map((template) => (
          <OpenRow key={template.templateId} title={template.templateId} onOpen={() => setShown(template)}>
            <td className="breakable">{template.name}</td>
            <td className="breakable">{aboutWords(template)}</td>
            <td>{saysWords(template)}</td>
            <td>{template.updatedAt === null ? '' : moment(template.updatedAt, now)}</td>
            {mayApply && (
              <td>
                <RowButton words="Apply" about={template.templateId} onClick={() => setApplied(template)} />
                {mayChange && <RowButton words="Retire" about={template.templateId} asks onClick={() => retire.mutate(template)} />}
              </td>
            )}
          </OpenRow>
        ))}
      </Table>
      <Modal
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        title={shown === 'new' ? 'New template' : 'Template'}
        size="xl"
        closeOnClickOutside={false}
      >
        {shown !== undefined && <TemplateForm template={shown === 'new' ? undefined : shown} onDone={() => setShown(undefined)} />}
      </Modal>
      <NewJob
        opened={applied !== undefined}
        template={applied}
        onClose={() => setApplied(undefined)}
        onMade={(made) => {
          setApplied(undefined);
          setJobId(made.jobId);
        }}
      />
      <JobDrawer jobId={jobId} onClose={() => setJobId(undefined)} />
    </ListPage>
  );
}

/** `2 variables, 1 root, boot Pending` */
function saysWords({ variables, monitors, certificates, monitoringBase, monitoringLevel, boot }: Template): string {
  const counted = (many: readonly unknown[], noun: string): string =>
    many.length === 0 ? '' : `${many.length} ${noun}${many.length === 1 ? '' : 's'}`;
  const parts = [
    counted(variables, 'variable'),
    counted(monitors, 'monitor'),
    counted(certificates, 'root'),
    monitoringBase === null ? '' : `monitors ${monitoringBase}`,
    monitoringLevel === null ? '' : `severity to ${monitoringLevel}`,
    boot === null ? '' : `boot ${boot}`,
  ].filter(Boolean);
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}
