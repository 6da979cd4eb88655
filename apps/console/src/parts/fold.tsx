import { type ReactNode, useEffect, useRef, useState } from 'react';

interface Props {
  readonly title: string;
  /** One that was just added is open, and its first field has the focus. */
  readonly isNew: boolean;
  readonly children: ReactNode;
}

/** Fields of one of many rows: a line until it is opened, so that hundreds of them can be looked through. */
export function Fold({ title, isNew, children }: Props) {
  const [open, setOpen] = useState(isNew);
  const wasNew = useRef(isNew);
  const fields = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (wasNew.current) fields.current?.querySelector('input')?.focus();
  }, []);
  return (
    <details className="fold" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="breakable">{title}</summary>
      {open && (
        <div ref={fields} className="fields two">
          {children}
        </div>
      )}
    </details>
  );
}
