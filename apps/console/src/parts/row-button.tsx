import { Button } from '@mantine/core';
import { useState } from 'react';

interface Props {
  /** What it does, and to what: rows have the same buttons, so their names tell them apart. */
  readonly words: string;
  readonly about: string;
  readonly onClick: () => void;
  readonly loading?: boolean;
  /** What cannot be taken back is asked once more. */
  readonly asks?: boolean;
}

/** A button in a row, which may itself open something. */
export function RowButton({ words, about, onClick, loading = false, asks = false }: Props) {
  const [asked, setAsked] = useState(false);
  const shown = asked ? `Really ${words.toLowerCase()}?` : words;
  return (
    <Button
      size="xs"
      variant="default"
      mr={6}
      loading={loading}
      aria-label={`${shown} ${about}`}
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
