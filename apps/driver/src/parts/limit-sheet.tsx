import { useState } from 'react';
import { driverApi } from '../api/client.js';
import type { Charge, Limit } from '../api/types.js';
import { useWords } from '../i18n/index.js';
import { isEmptyLimit, type LimitField, limitForm, readLimit } from '../limit-form.js';
import { LimitFields } from './limit-fields.js';
import { problemText } from './notice.js';
import { Sheet } from './sheet.js';

interface Props {
  readonly chargeKey: string;
  readonly charge: Charge;
  onSaved(charge: Charge, limit: Limit): void;
  onClose(): void;
}

/** Sets, changes or takes away the limit of a charge that runs. */
export function LimitSheet({ chargeKey, charge, onSaved, onClose }: Props) {
  const { t } = useWords();
  const [form, setForm] = useState(() => limitForm(charge.limit));
  const [wrong, setWrong] = useState<readonly LimitField[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const save = async (limit: Limit): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      onSaved(await driverApi.setLimit(chargeKey, limit), limit);
    } catch (error) {
      setBusy(false);
      setProblem(problemText(error, t, 'limitFailed'));
    }
  };
  return (
    <Sheet title={t('limitTitle')} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const read = readLimit(form, charge.price);
          setWrong('wrong' in read ? read.wrong : []);
          if ('limit' in read) void save(read.limit);
        }}
      >
        <p className="muted small">{t('limitIntro')}</p>
        <LimitFields form={form} price={charge.price} wrong={wrong} onChange={setForm} />
        <p className="problem" role="alert">
          {problem}
        </p>
        <button type="submit" className="button primary" aria-disabled={busy}>
          {t('limitSave')}
        </button>
        {charge.limit === null || isEmptyLimit(charge.limit) ? null : (
          <button type="button" className="button" aria-disabled={busy} onClick={() => void save({})}>
            {t('limitClear')}
          </button>
        )}
      </form>
    </Sheet>
  );
}
