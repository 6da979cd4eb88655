import { Button } from '@mantine/core';
import { useState } from 'react';

interface Props {
  /** What it does, and to what: rows have the same buttons, so their names tell them apart. Above one thing nothing needs to be told apart. */
  readonly words: string;
  readonly about?: string;
  readonly onClick: () => void;
  readonly loading?: boolean;
  /** What cannot be taken back is asked once more. */
  readonly asks?: boolean;
  readonly size?: 'xs' | 'sm';
}

/** A button in a row, which may itself open something, or of the thing that is open. */
export function RowButton({ words, about = '', onClick, loading = false, asks = false, size = 'xs' }: Props) {
  const [asked, setAsked] = useState(false);
  const shown = asked ? `Really ${words.toLowerCase()}?` : words;
  return (
    <Button
      size={size}
      variant="default"
      mr={size === 'xs' ? 6 : 0}
      loading={loading}
      aria-label={`${shown} ${about}`.trim()}
      onBlur={() => setAsked(false)}
      onClick={(event) => {
        event.stopPropagation();
        setAsked(asks && !asked);
        if (!asks || asked) onClick();
      }}
    >
      {shown}
    </Button>
  );
}
