import { CloseButton, Loader } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import type { Outcome } from './use-command.js';

/** What a station answered to a command; read out to those who do not see it. */
export function Answer({ outcome, onClose }: { outcome: Outcome | undefined; onClose: () => void }) {
  return (
    <div role="status" aria-label="Answer of the station">
      {outcome !== undefined && (
        <div className="answer" data-tone={outcome.tone}>
          {outcome.tone === 'waiting' ? (
            <Loader size={16} />
          ) : outcome.tone === 'good' ? (
            <IconCircleCheck size={17} aria-hidden />
          ) : (
            <IconAlertTriangle size={17} aria-hidden />
          )}
          <span style={{ flex: 1 }}>{outcome.sentence}</span>
          {outcome.tone !== 'waiting' && <CloseButton size="xs" aria-label="Close the answer" onClick={onClose} />}
        </div>
      )}
    </div>
  );
}
