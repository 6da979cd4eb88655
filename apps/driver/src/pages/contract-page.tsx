import { useCallback, useEffect, useState } from 'react';
import { ApiError, driverApi } from '../api/client.js';
import { keep, readKept } from '../api/kept.js';
import type { Contract } from '../api/types.js';
import { useWords } from '../i18n/index.js';
import { Failure, Loading } from '../parts/notice.js';

/** A link to a contract: keep it on this phone, so that it is chosen wherever a code is scanned. */
export function ContractPage({ contractKey }: { readonly contractKey: string }) {
  const { t, formats } = useWords();
  const [contract, setContract] = useState<Contract>();
  const [error, setError] = useState<ApiError>();
  const [kept, setKept] = useState(() => readKept().contract?.key === contractKey);
  const look = useCallback(async (): Promise<void> => {
    try {
      setContract(await driverApi.contract(contractKey));
      setError(undefined);
    } catch (caught) {
      setError(caught instanceof ApiError ? caught : new ApiError(0, 'unreachable'));
    }
  }, [contractKey]);
  useEffect(() => void look(), [look]);
  if (contract === undefined)
    return error === undefined ? <Loading /> : <Failure error={error} unknown="link" onRetry={() => void look()} />;
  const change = (keepIt: boolean): void => {
    keep({ contract: keepIt ? { key: contractKey, label: contract.label ?? '', expiresAt: contract.expiresAt } : undefined });
    setKept(keepIt);
  };
  return (
    <section className="card">
      <h1>{t('contractTitle')}</h1>
      <p className="contract">
        <strong>{contract.label ?? t('payContractPlain')}</strong>
        <span className="muted">{contract.idToken}</span>
      </p>
      <p role="status">{t(kept ? 'contractKept' : 'contractText')}</p>
      <p className="muted small">{t('contractUntil', { time: formats.day(contract.expiresAt) })}</p>
      <button type="button" className={kept ? 'button' : 'button primary'} onClick={() => change(!kept)}>
        {t(kept ? 'contractForget' : 'contractKeep')}
      </button>
    </section>
  );
}
